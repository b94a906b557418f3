// Session tokens as the room's side sees them: what a Resume proves, and who makes the text. No cryptography here: the door signs, a
// simulator writes plain text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "relay/core/seat.h"

namespace tickrelay {

// What a token says of its seat: enough to find it, and to make it again where a crash took it.
struct SessionClaims {
    std::uint32_t term = 0;  // in which the token was made
    PlayerNumber number = 0;
    wire::Role role = wire::Role::Player;
    std::string session;  // Seat::session
    std::string player_id;
    std::string options;
};

// Any thread.
class Sessions {
  public:
    virtual ~Sessions() = default;
    // Good in this room alone, in any term from this one on; limits::session_bytes_max at most.
    virtual std::string make(std::string_view room_id, std::uint32_t term, const Seat& seat) = 0;
    // Foreign text. Nothing: it is not of ours, or of another room.
    virtual std::optional<SessionClaims> read(std::string_view room_id, std::string_view token) = 0;
};

}  // namespace tickrelay
