// Tick numbers and what they mean in time. The tick is the room's clock; nothing in core reads another.
#pragma once

#include <compare>
#include <cstdint>

namespace tickrelay {

using Tick = std::uint32_t;         // from 1; 0 is "before anything"
using EntityId = std::uint32_t;     // never reused in a room's life; 0 is the room
using PlayerNumber = std::uint32_t; // from 1; 0 is nobody, or the relay itself
using EventNumber = std::uint32_t;  // from 1; 0 is "none yet"

// Up to where a copy is complete. Terms first: a tick of an older term is of a timeline that may be lost.
struct Base {
    std::uint32_t term = 0;
    Tick tick = 0;
    friend auto operator<=>(const Base&, const Base&) = default;
};

// A term and the tick that it went on from: of older terms' ticks only those up to here are of its timeline.
struct TermStart {
    std::uint32_t term = 0;
    Tick tick = 0;
    friend bool operator==(const TermStart&, const TermStart&) = default;
};

// Maps ticks to nanoseconds without drift: time is always computed from zero, never added up.
struct TickClock {
    std::int64_t zero_ns = 0;
    std::uint32_t rate_hz = 1;

    [[nodiscard]] std::int64_t due_ns(std::uint64_t tick) const {
        return zero_ns + static_cast<std::int64_t>(tick / rate_hz * second_ns + tick % rate_hz * second_ns / rate_hz);
    }
    // The newest tick that is due at now_ns.
    [[nodiscard]] std::uint64_t at(std::int64_t now_ns) const {
        if (now_ns < zero_ns) return 0;
        const auto passed = static_cast<std::uint64_t>(now_ns - zero_ns);
        const std::uint64_t tick = passed / second_ns * rate_hz + passed % second_ns * rate_hz / second_ns;
        return due_ns(tick + 1) <= now_ns ? tick + 1 : tick;  // due_ns rounds down
    }

  private:
    static constexpr std::uint64_t second_ns = 1'000'000'000;
};

}  // namespace tickrelay
