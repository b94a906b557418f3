// What a loop asks before it lets somebody in. Implemented over the lobby, the tickets and the room types; any loop calls it.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "relay/core/decode.h"
#include "relay/run/lobby.h"

namespace tickrelay {

// A join that may go to its room's worker.
struct Pass {
    RoomRecordPointer room;
    std::string player_id;
    wire::Role role = wire::Role::Player;
    bool reserved = false;  // a seat is taken in the lobby: give it back where none is filled
    std::string session;    // for a new seat: random, secret
};

class Gate {
  public:
    virtual ~Gate() = default;
    virtual std::variant<Pass, Drop> admit(const JoinRequest& join, std::int64_t now_ns) = 0;
    virtual std::vector<RoomListing> list(const ListRequest& request) = 0;
};

}  // namespace tickrelay
