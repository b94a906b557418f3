// Rooms for those who only watch. A spectator of a room gets a mirror of it: a room of this relay that follows what the room's owner
// publishes, some time later where the room says so. Who watches costs the room and its players one more encoding, however many they are.
//
// A room with a delay has a mirror on its own node from its first tick on, and other nodes follow that one: what is not to be seen yet
// leaves its node to nobody.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "relay/fleet/tasks.h"
#include "relay/fleet_watch.h"
#include "relay/mirror_feed.h"
#include "relay/run/gate.h"
#include "relay/run/ports.h"
#include "relay/run/publications.h"
#include "relay/stats.h"

namespace tickrelay {

class Mirrors final : public Publications {
  public:
    static constexpr std::size_t mirrors_max = 4'096;

    // All must outlive it; stats: its thread writes it.
    Mirrors(Lobby& lobby, std::span<WorkerPort* const> workers, StatsShard& stats) : lobby_(lobby), workers_(workers), stats_(stats) {}
    ~Mirrors() override { stop(); }

    // Spectators of all rooms get mirrors from here on, on every node. Before start().
    void join_fleet(FleetWatch& fleet) { fleet_ = &fleet; }
    std::optional<std::string> start();
    void stop();
    // Who watches here goes to other nodes, where there are some.
    void drain(bool draining);

    // For a spectator of this room; here: it is this relay's. A mirror, where it is to go or why not; nothing: it gets a seat as others do, or
    // there is no such room. Any thread.
    std::optional<std::variant<RoomRecordPointer, Drop, Redirect>> watch(const std::string& room_id, const RoomRecord* here);

    void began(const RoomRecordPointer& room) override;
    void publish(RoomRecord& room, std::span<const std::byte> bytes, bool near, bool far) override;
    void gone(RoomRecord& room) override;

  private:
    struct Watched {
        Watched(std::int64_t after_ns, bool in_any_case, std::int64_t now_ns)
            : feed(std::make_shared<MirrorFeed>(after_ns)), delay_ns(after_ns), stays(in_any_case), began_ns(now_ns), wanted_ns(now_ns) {}
        std::shared_ptr<MirrorFeed> feed;  // before others know of it
        const std::int64_t delay_ns;
        const bool stays;                     // of a room here with a delay
        const std::int64_t began_ns;
        std::atomic<std::int64_t> wanted_ns;  // when somebody asked for it last
        std::atomic<bool> made{false};
        std::atomic<bool> near{true};         // the room is here
        // Of the mirrors' thread.
        std::int64_t asked_ns = 0;   // when its owner was told last that it is watched
        std::int64_t missed_ns = 0;  // since when nobody has the room; 0: somebody has
        std::string from;            // the node whose publications it listens to
        std::shared_ptr<void> listens;
        bool told = false;           // that it cannot be read
    };
    using WatchedPointer = std::shared_ptr<Watched>;

    WatchedPointer want(const std::string& room_id, std::uint32_t delay_ms, bool stays);  // null: there are too many
    void step();
    void forget(const std::string& room_id, const WatchedPointer& watched);
    bool keep_up(const std::string& room_id, Watched& watched, std::int64_t now_ns);
    [[nodiscard]] WatchedPointer find(const std::string& room_id);
    void ask_owner(const std::string& room_id, Watched& watched, std::int64_t now_ns);
    void make(const std::string& room_id, Watched& watched, std::int64_t now_ns);
    void watched_from_afar(const std::string& room_id, bool whole);
    void post_watch(const RoomRecordPointer& record, bool near, bool whole);
    void let_go_unwatched(const RoomRecordPointer& mirror);
    void let_go(const RoomRecordPointer& mirror, CloseCode code, const std::string& detail);

    Lobby& lobby_;
    std::span<WorkerPort* const> workers_;
    StatsShard& stats_;
    FleetWatch* fleet_ = nullptr;  // null: a relay alone
    std::atomic<bool> draining_{false};
    std::mutex mutex_;  // for a look-up: loops and workers take it
    std::map<std::string, WatchedPointer> watched_;  // by room; under mutex_
    Tasks thread_{"mirrors"};
};

}  // namespace tickrelay
