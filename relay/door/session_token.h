// Session tokens, signed: a seat's number, secret, player and role, bound to its room by the signature, so that whoever takes the room up
// after a crash knows its players again. Opaque text to clients, about 100 characters. Immutable; any thread.
//
//     version u8 | term u32 | number u32 | role u8 | session, player_id u8 + bytes | options u16 + bytes | 16 bytes of HMAC-SHA256
//
// in base64url, little endian. Options above limits::session_options_max are left out.
#pragma once

#include "relay/core/session.h"
#include "relay/door/signature.h"

namespace tickrelay {

class SessionTokens final : public Sessions {
  public:
    // REQUIRES: an HS256 key. Nodes that take up each other's rooms need the same.
    explicit SessionTokens(SigningKey key);

    std::string make(std::string_view room_id, std::uint32_t term, const Seat& seat) override;
    std::optional<SessionClaims> read(std::string_view room_id, std::string_view token) override;

    void use(SigningKey key);  // before there are sessions; REQUIRES as above

  private:
    [[nodiscard]] std::string signature(std::string_view room_id, std::string_view payload) const;
    SigningKey key_;
};

}  // namespace tickrelay
