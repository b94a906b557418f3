// What a loop asks before it lets somebody in. Implemented over the lobby, the tickets and the room types; any loop calls it.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "relay/core/decode.h"
#include "relay/core/session.h"
#include "relay/core/spent.h"
#include "relay/run/lobby.h"

namespace tickrelay {

// What a ticket asks of its room's worker, which spends it with the seat: a join that is refused costs nobody the ticket.
struct TicketTerms {
    std::optional<TicketId> once;  // good for one seat
    std::int64_t until_s = 0;      // when no clock takes it any more, Unix
    std::int64_t now_s = 0;
    PlayerNumber seat = 0;  // takes over that one, makes none; 0: any
};

// A join that may go to its room's worker.
struct Pass {
    RoomRecordPointer room;
    std::string player_id;
    wire::Role role = wire::Role::Player;
    bool reserved = false;  // a seat is taken in the lobby: give it back where none is filled
    std::string session;    // for a new seat, or one that another client takes over: random, secret
    std::optional<SessionClaims> claims = std::nullopt;  // of a Resume or Shield: proven
    std::optional<TicketTerms> ticket = std::nullopt;
};

// The room is on another node: the client is to go there.
struct Redirect {
    std::string url;
    std::string room_id;
};

using Verdict = std::variant<Pass, Drop, Redirect>;

class Gate {
  public:
    virtual ~Gate() = default;
    virtual Verdict admit(const JoinRequest& join, std::int64_t now_ns) = 0;
    virtual Lobby::Found list(const ListRequest& request) = 0;
};

}  // namespace tickrelay
