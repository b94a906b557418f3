// What lets rooms outlive the process: the store, the journal in it, how rooms go there and come back. Without data_dir nothing does.
// Owner: the relay; any thread but a worker's where nothing else is said.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "relay/door/event_ring.h"
#include "relay/fleet/nats_store.h"
#include "relay/fleet/store.h"
#include "relay/journal_pump.h"
#include "relay/options.h"
#include "relay/room_keeper.h"
#include "relay/room_return.h"
#include "relay/run/worker.h"
#include "relay/stats.h"

namespace tickrelay {

class Persistence {
  public:
    // All must outlive it.
    Persistence(const Options& options, EventRing& events, Stats& stats, Lobby& lobby, std::span<WorkerPort* const> workers,
                RoomReturn::FindLogic logics);
    ~Persistence() { store_->stop(); }  // its thread answers to the others
    Persistence(const Persistence&) = delete;
    Persistence& operator=(const Persistence&) = delete;

    // Opens the store, before there are rooms. node: this one's name. A text that names what is wrong and the remedy, or nothing.
    std::optional<std::string> open(const std::string& node);
    [[nodiscard]] Store& store() { return *store_; }
    [[nodiscard]] NatsStore* fleet() { return fleet_; }  // null: a relay alone
    [[nodiscard]] RoomReturn& rooms() { return *return_; }
    [[nodiscard]] bool keeps() const { return store_->keeps(); }
    void keep_rooms_of(Worker& worker);  // before its thread starts
    // Rooms that the store has and nobody runs; when this returns, joins find them. A text as open()'s, or nothing.
    std::optional<std::string> take_up_rooms() { return return_ ? return_->run() : std::nullopt; }
    // About ten times a second, on one thread.
    void step();
    // All rooms are in the store as their players have them, and these are told to come back. Waits for it, at most some seconds.
    void hand_over();
    void close();  // after the workers

    [[nodiscard]] JournalPump* journal() { return keeps() ? pump_.get() : nullptr; }

  private:
    class HandOver;
    void wait_until_empty(std::int64_t patience_ms) const;
    bool flush(std::int64_t patience_ms);
    std::optional<std::string> open_fleet(const std::string& node, std::unique_ptr<Store> journal);

    const Options& options_;
    EventRing& events_;
    Stats& stats_;
    Lobby& lobby_;
    std::span<WorkerPort* const> workers_;
    RoomReturn::FindLogic logics_;
    std::unique_ptr<Store> store_ = make_memory_store();
    NatsStore* fleet_ = nullptr;
    std::unique_ptr<JournalPump> pump_;
    std::unique_ptr<RoomKeeper> keeper_;
    std::unique_ptr<RoomReturn> return_;
    std::uint64_t steps_ = 0;
};

}  // namespace tickrelay
