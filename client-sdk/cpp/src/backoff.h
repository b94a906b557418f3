// When to try again: full jitter, 0 to 1 s, 0 to 2 s, 0 to 4 s … at most 0 to 15 s. Thousands of clients that lost one
// relay come back spread out.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tickrelay {
inline namespace sdk {

class Backoff {
 public:
  static constexpr std::int64_t most_us = 15'000'000;

  explicit Backoff(std::uint64_t seed) : random_(seed) {}

  void reset() { tries_ = 0; }

  std::int64_t next_us() {
    const std::int64_t within = std::min<std::int64_t>(most_us, std::int64_t{1'000'000} << std::min(tries_, 4));
    ++tries_;
    return below(within);
  }

  // Uniform in [0, most).
  std::int64_t below(std::int64_t most) {
    random_ += 0x9e3779b97f4a7c15ULL;  // splitmix64
    std::uint64_t x = random_;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    x ^= x >> 31;
    return static_cast<std::int64_t>(x % static_cast<std::uint64_t>(most));
  }

 private:
  int tries_ = 0;
  std::uint64_t random_;
};

}  // namespace sdk
}  // namespace tickrelay
