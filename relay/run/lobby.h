// Which rooms there are and how many seats of each are taken: what a join must know before it reaches the room's worker.
// Any thread; one mutex, never taken for a message or a tick. Seats are counted here so that a room never overfills.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "relay/core/checkpoint.h"
#include "relay/core/drop.h"
#include "relay/core/logic.h"
#include "relay/core/settings.h"

namespace tickrelay {

struct ReadMetadata;  // of who searches rooms

// What a room says of itself. What was read of the text is kept with it, for the next who searches.
struct Metadata {
    explicit Metadata(std::string said) : text(std::move(said)) {}
    const std::string text;
    mutable std::once_flag once;
    mutable std::shared_ptr<const ReadMetadata> read;
};
using MetadataPointer = std::shared_ptr<const Metadata>;

// A room as the relay knows it. What is not const is the lobby's, under its mutex, or the worker's where it says so.
struct RoomRecord {
    std::string id;
    std::string type;
    std::uint32_t worker = 0;
    std::int64_t created_ns = 0;
    std::uint32_t term = 1;
    RoomSettings settings;  // as made; the changing ones are below
    LogicFactory logic;

    // Under the lobby's mutex.
    std::uint32_t seats_taken = 0;
    std::uint32_t others_taken = 0;  // spectators and authorities
    std::uint32_t max_players = 0;
    bool locked = false;
    bool is_private = false;
    MetadataPointer metadata;
    bool gone = false;

    // The worker's.
    SavedRoomPointer state;  // of a checkpoint that the room is still to be made from
    Restore how;
    std::uint32_t slot = ~0U;
    std::uint32_t slot_generation = 0;
    std::optional<CloseCode> failed;  // it could not be made

    std::atomic<std::int64_t> kept_ns{0};  // when its newest durable checkpoint was made; the worker's clock
    // Of a mirror: until when what it follows counts as the present, CLOCK_MONOTONIC. After it the mirror stands still.
    std::atomic<std::int64_t> present_until_ns{0};
    std::atomic<std::uint64_t> shown_us{0};  // ... and when what it shows was published, Unix; 0: nothing yet
};
using RoomRecordPointer = std::shared_ptr<RoomRecord>;

struct RoomListing {
    std::string id;
    std::string type;
    std::uint32_t players = 0;
    std::uint32_t max_players = 0;
    bool locked = false;
    bool is_private = false;
    std::string metadata;
    std::uint16_t tick_rate = 0;
    std::int64_t created_ns = 0;
};

class Lobby {
  public:
    explicit Lobby(std::uint32_t workers) : rooms_on_worker_(workers, 0) {}

    // Of a new room with this id; without it all have 1. Before there are rooms.
    void give_terms(std::function<std::uint32_t(const std::string& id)> next) { next_term_ = std::move(next); }

    // An empty id is made from `random`. Null: the id exists; `existing` is that room.
    RoomRecordPointer create(RoomSettings settings, LogicFactory logic, std::int64_t now_ns, std::uint64_t random,
                             RoomRecordPointer* existing = nullptr);
    // The room of a checkpoint, its seats taken. Null: the id exists. The first errand with the record makes it: post one at once, grace runs.
    RoomRecordPointer restore(SavedRoomPointer state, const Restore& how, LogicFactory logic, std::int64_t now_ns);
    [[nodiscard]] RoomRecordPointer find(const std::string& id) const;
    // A mirror of the room of this id, which may be here or not: no search finds it, and it counts as no room. Null: there is one. To be
    // posted at once, as of restore().
    RoomRecordPointer mirror(SavedRoomPointer state, const Restore& how, LogicFactory logic, std::int64_t now_ns);
    [[nodiscard]] RoomRecordPointer find_mirror(const std::string& id) const;

    // Takes a seat in this room, or says why not.
    std::optional<CloseCode> reserve(const RoomRecordPointer& room, bool is_player);
    // The same for who had one before a crash, also where the room is locked by now.
    std::optional<CloseCode> reserve_again(const RoomRecordPointer& room, bool is_player);
    // A seat in some open room of this type; null where there is none.
    RoomRecordPointer reserve_by_type(const std::string& type, bool is_player);
    void release(const RoomRecordPointer& room, bool is_player);

    // Forgets the room. `only_if_empty`: not if a seat is taken or reserved. Returns whether it is gone.
    bool remove(const RoomRecordPointer& room, bool only_if_empty);
    void update(const RoomRecordPointer& room, const std::string* metadata, const bool* is_private, const bool* locked,
                const std::uint32_t* max_players);

    [[nodiscard]] std::vector<RoomListing> list() const;  // all
    struct Found {
        std::vector<RoomListing> rooms;
        std::size_t looked_at = 0;
    };
    // Rooms that are not private: of this type (empty: any) and with such metadata (null: any), count_max at most, by id. `matches` is
    // called without the lock.
    [[nodiscard]] Found search(std::string_view type, const std::function<bool(const Metadata&)>& matches, std::size_t count_max) const;
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::size_t size(const std::string& type) const;
    [[nodiscard]] std::vector<RoomRecordPointer> all() const;

  private:
    // REQUIRES: mutex_ is held, the id is new.
    RoomRecordPointer add(RoomSettings settings, LogicFactory logic, std::int64_t now_ns);
    [[nodiscard]] RoomRecordPointer made(RoomSettings settings, LogicFactory logic, std::int64_t now_ns) const;
    static std::optional<CloseCode> refusal(const RoomRecord& room, bool is_player, bool again = false);
    static void take(RoomRecord& room, bool is_player);

    std::function<std::uint32_t(const std::string& id)> next_term_;
    mutable std::mutex mutex_;
    std::map<std::string, RoomRecordPointer> rooms_;
    std::map<std::string, RoomRecordPointer> mirrors_;
    std::map<std::string, std::vector<RoomRecordPointer>> by_type_;
    std::vector<std::uint32_t> rooms_on_worker_;
};

}  // namespace tickrelay
