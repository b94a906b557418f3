// Who may come in, and where to: the gate that every loop asks, over the lobby, the tickets and the room types.
// Any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "relay/core/right.h"
#include "relay/door/bans.h"
#include "relay/door/room_keys.h"
#include "relay/door/ticket.h"
#include "relay/fleet/directory.h"
#include "relay/options.h"
#include "relay/run/gate.h"

namespace tickrelay {

// Logics by name: the built-in ones and what was loaded at the start. Empty where there is none of that name.
using LogicCatalogue = std::function<LogicFactory(std::string_view name)>;

// What no request brings along: the wall clock's seconds, and what nobody can guess.
struct Surroundings {
    std::function<std::int64_t()> unix_s;
    std::function<void(std::span<std::byte>)> random;
};
Surroundings machine();  // the computer's own

class Reception final : public Gate {
  public:
    // All must outlive it.
    Reception(const Options& options, Lobby& lobby, Tickets& tickets, Sessions& sessions, LogicCatalogue logics, Surroundings around = machine());

    Verdict admit(const JoinRequest& join, std::int64_t now_ns) override;
    Lobby::Found list(const ListRequest& request) override;

    // ---- for operators
    void set_types(RoomTypes types);
    [[nodiscard]] std::shared_ptr<const RoomTypes> types() const;
    void set_auth(Auth auth) { auth_.store(auth); }
    // Of a fleet: where rooms are that are not here, and whether this node may run any. Before there are joins.
    struct Fleet {
        std::function<Directory::Found(const std::string& room_id)> find;
        const Right* right = nullptr;
    };
    void join_fleet(Fleet fleet) { fleet_ = std::move(fleet); }
    // As Mirrors::watch. Before there are joins.
    using Watch = std::function<std::optional<std::variant<RoomRecordPointer, Drop, Redirect>>(const std::string& room_id, const RoomRecord* here)>;
    void watch_by(Watch watch) { watch_ = std::move(watch); }
    void set_draining(bool draining) { draining_.store(draining); }
    [[nodiscard]] bool draining() const { return draining_.load(); }
    [[nodiscard]] Bans& bans() { return bans_; }
    void set_quotas(const Options& options);  // those of rooms: of rooms that are made from now on
    // What the relay's quotas leave of a room's own limits.
    [[nodiscard]] RoomSettings within_quotas(RoomSettings settings) const;

    // A room of these settings. Null: `refused` says why; `existing`: the id is taken by that room.
    RoomRecordPointer make_room(RoomSettings settings, std::int64_t now_ns, CloseCode& refused, RoomRecordPointer* existing);

  private:
    [[nodiscard]] bool asks_for_tickets() const { return auth_.load() == Auth::tickets && !options_.dev; }
    [[nodiscard]] Verdict not_here(const std::string& room_id, const Drop& otherwise) const;
    [[nodiscard]] std::optional<Verdict> admit_to_mirror(const std::string& room_id, Pass& pass, std::int64_t now_ns);
    Verdict admit_back(const JoinRequest& join, std::int64_t now_ns);
    std::optional<Drop> take_ticket(const JoinRequest& join, Pass& pass, std::string& room_id) const;
    Verdict admit_watcher_by_type(const JoinRequest& join, Pass pass, std::int64_t now_ns);
    Verdict admit_by_type(const JoinRequest& join, std::int64_t now_ns);
    Verdict admit_by_id(const JoinRequest& join, std::int64_t now_ns);

    [[nodiscard]] std::string hexadecimal(std::size_t bytes) const;

    struct Quotas {
        std::atomic<std::uint32_t> rooms, rooms_per_type, entities_per_player, events_per_s;
    };

    const Options& options_;
    Lobby& lobby_;
    Tickets& tickets_;
    Sessions& sessions_;
    LogicCatalogue logics_;
    Surroundings around_;
    std::atomic<Auth> auth_;
    std::atomic<bool> draining_{false};
    Fleet fleet_;
    Watch watch_;
    mutable std::mutex mutex_;
    std::shared_ptr<const RoomTypes> types_;
    Bans bans_;
    Quotas quotas_;
};

}  // namespace tickrelay
