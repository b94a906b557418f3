// Tickets: signed permission to take a seat, as JSON Web Tokens (schema/PROTOCOL.md, "Tickets"). Made here for ticket.issue, or by a
// match server with any JWT library; read once, at a join. Single use is not known here: the room that is joined spends them.
// Any thread; one mutex, held to copy a pointer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "relay/core/drop.h"
#include "relay/core/spent.h"
#include "relay/door/random.h"
#include "relay/door/ticket_keys.h"
#include "schema/protocol_generated.h"

namespace tickrelay {

struct Ticket {
    std::string room_id;
    std::string player_id;
    wire::Role role{};
    std::int64_t expires_s = 0;  // Unix
    std::uint32_t seat = 0;      // a player number: takes over that seat, makes none. 0: any
    bool single_use = true;      // to be issued; has a jti
    TicketId id{};               // read, where single_use
};

struct TicketRules {
    std::string audience;       // empty: aud is not looked at
    std::string issuer;         // likewise iss
    std::int64_t leeway_s = 10; // what clocks may differ by
};

class Tickets {
  public:
    using Random = std::function<void(std::span<std::byte>)>;

    Tickets(TicketKeys keys, TicketRules rules, Random random);

    // For tickets that come from now on.
    void use(TicketKeys keys, TicketRules rules);

    // The text to give to the player; nothing where all keys are public.
    [[nodiscard]] std::optional<std::string> issue(const Ticket& ticket, std::int64_t now_s) const;
    // Foreign text. An empty room_id: the ticket's.
    [[nodiscard]] std::variant<Ticket, TicketFault> read(std::string_view text, std::string_view room_id, std::int64_t now_s) const;
    // When no clock that is allowed for takes the ticket any more.
    [[nodiscard]] std::int64_t until_s(const Ticket& ticket) const;

  private:
    struct Set {
        TicketKeys keys;
        TicketRules rules;
    };
    [[nodiscard]] std::shared_ptr<const Set> set() const;

    const Random random_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Set> set_;
};

}  // namespace tickrelay
