#include "bench/load/schedule.h"

#include <algorithm>
#include <cmath>

#include "bench/net/clock.h"

namespace tickrelay::bench {

// The golden ratio spreads any number of players evenly, and the players of one room too.
Schedule::Schedule(std::uint32_t players, std::uint32_t rate_hz) : rate_hz_(rate_hz) {
  const double period_ns = static_cast<double>(second_ns) / rate_hz;
  for (std::uint32_t player = 0; player < players; ++player) {
    const double turns = player * 0.6180339887498949;
    turns_.push_back({player, static_cast<std::int64_t>((turns - std::floor(turns)) * period_ns)});
  }
  std::sort(turns_.begin(), turns_.end(), [](const Turn& a, const Turn& b) { return a.intended_ns < b.intended_ns; });
}

std::optional<Schedule::Turn> Schedule::next(std::int64_t now_ns) {
  if (turns_.empty()) return std::nullopt;
  const Turn& turn = turns_[position_];
  const std::int64_t intended_ns = start_ns_ + round_ * second_ns / rate_hz_ + turn.intended_ns;
  if (intended_ns > now_ns) return std::nullopt;
  if (++position_ == turns_.size()) position_ = 0, ++round_;
  return Turn{turn.player, intended_ns};
}

}  // namespace tickrelay::bench
