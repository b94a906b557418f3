// The only source of chance: a seed gives a run, to the bit, on every machine.
#pragma once

#include <cstdint>
#include <span>

namespace tickrelay::sim {

class Random {
 public:
  // Mixed, or the draws of a seed would be those of the seed before, one further on.
  explicit Random(std::uint64_t seed) : state_(mix(seed + 0x1234567)) {}

  // The draws that tests/golden was made of: they never change.
  static Random golden(std::uint64_t seed) {
    Random random(0);
    random.state_ = seed * 0x9E3779B97F4A7C15ULL + 0x1234567;
    return random;
  }

  std::uint64_t next() { return mix(state_ += 0x9E3779B97F4A7C15ULL); }  // splitmix64
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low + 1)));
  }
  bool chance(double probability) { return static_cast<double>(next() >> 11) * 0x1p-53 < probability; }
  template <typename Range>
  auto& pick(Range&& range) {
    return range[below(std::size(range))];
  }
  // A generator of its own: what it draws does not shift what others draw.
  Random fork() { return Random(next()); }

 private:
  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace tickrelay::sim
