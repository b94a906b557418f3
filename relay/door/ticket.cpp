#include "relay/door/ticket.h"

#include <sys/random.h>

#include "relay/core/check.h"
#include "relay/door/base64.h"

namespace tickrelay {

std::string Tickets::issue(Ticket ticket, std::int64_t now_ms) {
    std::byte secret[random_bytes];
    random_(secret);
    std::string text = encode_base64url(secret);
    const std::lock_guard lock(mutex_);
    if (tickets_.size() >= tickets_max_) forget_expired(now_ms);
    if (tickets_.size() >= tickets_max_) return {};
    tickets_.insert_or_assign(text, std::move(ticket));
    return text;
}

std::optional<Ticket> Tickets::spend(std::string_view text, std::string_view room_id, std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    const auto found = tickets_.find(std::string(text));
    if (found == tickets_.end()) return std::nullopt;
    if (found->second.expires_ms <= now_ms) {
        tickets_.erase(found);
        return std::nullopt;
    }
    if (found->second.room_id != room_id) return std::nullopt;
    Ticket ticket = std::move(found->second);
    tickets_.erase(found);
    return ticket;
}

std::size_t Tickets::unspent() const {
    const std::lock_guard lock(mutex_);
    return tickets_.size();
}

void Tickets::forget_expired(std::int64_t now_ms) {
    std::erase_if(tickets_, [&](const auto& entry) { return entry.second.expires_ms <= now_ms; });
}

void fill_random(std::span<std::byte> bytes) {
    while (!bytes.empty()) {
        const auto got = getrandom(bytes.data(), bytes.size(), 0);
        CHECK(got > 0);  // only an interrupted large request can fail, and ours is small
        bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
}

}  // namespace tickrelay
