// Tickets of this relay: permission to take one seat once. Opaque random text, kept in memory until spent or expired,
// so a restart ends them. Issued by the admin thread, spent by workers: one mutex, held for a lookup.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "schema/protocol_generated.h"

namespace tickrelay {

struct Ticket {
    std::string room_id;
    std::string player_id;
    wire::Role role{};
    std::int64_t expires_ms = 0;  // of the clock that the caller passes as now_ms
};

class Tickets {
  public:
    static constexpr std::size_t tickets_max = 65'536;  // unspent at a time
    static constexpr std::size_t random_bytes = 18;     // 24 characters of text
    using Random = std::function<void(std::span<std::byte>)>;

    explicit Tickets(Random random, std::size_t tickets = tickets_max)
        : random_(std::move(random)), tickets_max_(tickets) {}

    // The text to give to the player; empty where too many are unspent.
    std::string issue(Ticket ticket, std::int64_t now_ms);
    // The ticket, which is now gone; nothing where it is unknown, expired or for another room.
    std::optional<Ticket> spend(std::string_view text, std::string_view room_id, std::int64_t now_ms);
    [[nodiscard]] std::size_t unspent() const;

  private:
    void forget_expired(std::int64_t now_ms);

    Random random_;
    const std::size_t tickets_max_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Ticket> tickets_;
};

// The kernel's random bytes.
void fill_random(std::span<std::byte> bytes);

}  // namespace tickrelay
