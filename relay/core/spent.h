// Single-use tickets that a room has taken, until they expire anyway. They travel in its checkpoint: who spent a ticket before a crash
// has spent it after.
// Owner: the worker of the room. Time is an argument, in Unix seconds.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "relay/core/limits.h"

namespace tickrelay {

using TicketId = std::array<std::uint8_t, 16>;  // a hash: of the key's name and the ticket's own id

class SpentTickets {
  public:
    enum class Outcome : std::uint8_t { spent_now, spent_before, full };

    [[nodiscard]] bool contains(const TicketId& id) const { return until_s_.contains(id); }

    // until_s: when no clock that the door allows for takes the ticket any more.
    Outcome spend(const TicketId& id, std::int64_t until_s, std::int64_t now_s) {
        if (contains(id)) return Outcome::spent_before;
        if (full(now_s)) return Outcome::full;
        until_s_.emplace(id, until_s);
        return Outcome::spent_now;
    }

    // Whether none can be added.
    bool full(std::int64_t now_s) {
        if (until_s_.size() < limits::spent_tickets_max) return false;
        std::erase_if(until_s_, [now_s](const auto& spent) { return spent.second < now_s; });
        return until_s_.size() >= limits::spent_tickets_max;
    }

    [[nodiscard]] const std::map<TicketId, std::int64_t>& all() const { return until_s_; }
    void put(const TicketId& id, std::int64_t until_s) { until_s_.emplace(id, until_s); }  // from a checkpoint

  private:
    std::map<TicketId, std::int64_t> until_s_;
};

}  // namespace tickrelay
