// Who may come in, and where to: the gate that every loop asks, over the lobby, the tickets and the room types.
// Any thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "relay/door/room_keys.h"
#include "relay/door/ticket.h"
#include "relay/options.h"
#include "relay/run/gate.h"

namespace tickrelay {

// Logics by name: the built-in ones and what was loaded at the start. Empty where there is none of that name.
using LogicCatalogue = std::function<LogicFactory(std::string_view name)>;

class Reception final : public Gate {
  public:
    // All must outlive it.
    Reception(const Options& options, Lobby& lobby, Tickets& tickets, LogicCatalogue logics);

    std::variant<Pass, Drop> admit(const JoinRequest& join, std::int64_t now_ns) override;
    std::vector<RoomListing> list(const ListRequest& request) override;

    // ---- for operators
    void set_types(RoomTypes types);
    [[nodiscard]] std::shared_ptr<const RoomTypes> types() const;
    void set_draining(bool draining) { draining_.store(draining); }
    [[nodiscard]] bool draining() const { return draining_.load(); }
    void ban(const std::string& room_id, const std::string& player_id, std::int64_t until_ns);

    // A room of these settings. Null: `refused` says why; `existing`: the id is taken by that room.
    RoomRecordPointer make_room(RoomSettings settings, std::int64_t now_ns, CloseCode& refused, RoomRecordPointer* existing);

  private:
    std::variant<Pass, Drop> admit_by_type(const JoinRequest& join, std::int64_t now_ns);
    std::variant<Pass, Drop> admit_by_id(const JoinRequest& join, std::int64_t now_ns);
    [[nodiscard]] bool banned(const std::string& room_id, std::string_view player_id, std::int64_t now_ns);

    const Options& options_;
    Lobby& lobby_;
    Tickets& tickets_;
    LogicCatalogue logics_;
    std::atomic<bool> draining_{false};
    mutable std::mutex mutex_;
    std::shared_ptr<const RoomTypes> types_;
    std::map<std::pair<std::string, std::string>, std::int64_t> bans_;  // room, player → until
};

std::string random_name(std::size_t bytes);  // hexadecimal, secret

}  // namespace tickrelay
