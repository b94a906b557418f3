#pragma once
// A slow link's reader: so many bytes a second, and no more than 50 ms of them at once. No clock: time comes in.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "bench/net/clock.h"

namespace tickrelay::bench {

class Pace {
 public:
  explicit Pace(std::int64_t bytes_per_s) : bytes_per_s_(static_cast<double>(bytes_per_s)) {}

  std::size_t allowance_bytes(std::int64_t now_ns) {
    if (looked_at_ns_ == 0) looked_at_ns_ = now_ns;
    allowed_ += bytes_per_s_ * static_cast<double>(now_ns - looked_at_ns_) / static_cast<double>(second_ns);
    allowed_ = std::min(allowed_, std::max(bytes_per_s_ / 20, 1.0));
    looked_at_ns_ = now_ns;
    return allowed_ < 1 ? 0 : static_cast<std::size_t>(allowed_);
  }
  void spend(std::size_t bytes) { allowed_ -= static_cast<double>(bytes); }

 private:
  double bytes_per_s_;
  double allowed_ = 0;
  std::int64_t looked_at_ns_ = 0;  // 0: not yet
};

}  // namespace tickrelay::bench
