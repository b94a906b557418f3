// A token bucket, kept as the time at which all that was taken is paid for: one number, no clock of its own.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tickrelay {

struct Bucket {
    std::int64_t paid_ns = 0;

    // cost_ns: a second divided by how many there may be in one.
    void take(std::int64_t now_ns, std::int64_t cost_ns) { paid_ns = std::max(paid_ns, now_ns) + cost_ns; }
    // How far ahead of its rate it is; what exceeds the burst is too much.
    [[nodiscard]] std::int64_t ahead_ns(std::int64_t now_ns) const { return std::max<std::int64_t>(paid_ns - now_ns, 0); }
};

// Of one, where there may be `per_s` a second; 0, which is free, where there is no limit.
constexpr std::int64_t cost_ns(std::uint32_t per_s) { return per_s == 0 ? 0 : 1'000'000'000 / per_s; }

inline constexpr std::int64_t burst_ns = 2'000'000'000;  // of every quota a second

}  // namespace tickrelay
