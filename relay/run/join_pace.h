// How many joins a loop lets through in a second, so that ticks stay on time when thousands come at once; and when those come back
// that it sends away: each is given a return slot of its own, one behind the other. Owner: the loop.
//
// Slots are handed out a quarter more slowly than joins are let through: who keeps its slot finds the door open, and a newcomer in
// between finds a place as well.
#pragma once

#include <algorithm>
#include <cstdint>

#include "relay/run/bucket.h"

namespace tickrelay {

class JoinPace {
  public:
    static constexpr std::int64_t at_once_ns = 20'000'000;            // of joins may come together,
    static constexpr std::int64_t made_up_ns = 40'000'000;            // ... and of those that a late step did not take
    static constexpr std::int64_t slot_least_ns = 100'000'000;
    static constexpr std::int64_t slot_most_ns = 10'000'000'000;      // from then on slots are shared

    // A worker may spend this share of its time on joins, a join costing what was measured; within 2,000 and 4,000 a second in
    // all, so that ten thousand are back in seven seconds however slow a worker thinks it is.
    static std::int64_t cost_ns(std::int64_t measured_ns, std::uint32_t loops) {
        constexpr double share = 0.4;
        return static_cast<std::int64_t>(std::clamp(static_cast<double>(measured_ns) / share, 250'000., 500'000.)) * loops;
    }

    void set_cost(std::int64_t cost_ns) { cost_ns_ = cost_ns; }

    [[nodiscard]] bool take(std::int64_t now_ns) {
        if (admitted_.ahead_ns(now_ns) > at_once_ns) return false;
        admitted_.take(now_ns - made_up_ns, cost_ns_);
        return true;
    }

    // How long the last of so many that wait will wait.
    [[nodiscard]] std::int64_t wait_ns(std::size_t waiting) const { return cost_ns_ * static_cast<std::int64_t>(waiting); }

    // For one who is sent away, while so many wait: to come back after so many ms.
    std::uint32_t slot_ms(std::size_t waiting, std::int64_t now_ns) {
        slots_.take(std::max(now_ns, admitted_.paid_ns) + wait_ns(waiting), cost_ns_ * 5 / 4);
        std::int64_t wait_ns = slots_.ahead_ns(now_ns);
        if (wait_ns > slot_most_ns) wait_ns = slot_most_ns / 2 + wait_ns % (slot_most_ns / 2);
        return static_cast<std::uint32_t>(std::max(wait_ns, slot_least_ns) / 1'000'000);
    }

  private:
    std::int64_t cost_ns_ = 0;
    Bucket admitted_, slots_;
};

// When the n-th of `count` connections that are closed together comes back, evenly within a window that grows with their number:
// half a millisecond each.
inline std::uint32_t return_slot_ms(std::uint32_t n, std::uint64_t count) {
    constexpr double golden_ratio = 0.6180339887498949;
    const double turns = n * golden_ratio;
    const double within_ms = std::clamp(static_cast<double>(count) * 0.5, 1'000., 8'000.);
    return 200 + static_cast<std::uint32_t>((turns - static_cast<double>(static_cast<std::uint64_t>(turns))) * within_ms);
}

}  // namespace tickrelay
