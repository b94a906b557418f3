#pragma once
// Counts of values in buckets of at most 0.8 % width: 64 bit nanoseconds in, quantiles out. Fixed memory.

#include <array>
#include <cstdint>

namespace tickrelay::bench {

class Histogram {
 public:
  // Negative values count as 0.
  void add(std::int64_t value_ns);
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::int64_t max_ns() const { return max_ns_; }
  // The middle of the bucket that holds the value at this share (0 to 1), never above the maximum; 0 when empty.
  std::int64_t quantile_ns(double share) const;

 private:
  // 64 steps per power of two, from 1.024 µs up; finer differences do not matter here.
  static constexpr int grain_bits = 10;
  static constexpr int step_bits = 6;
  static constexpr std::size_t buckets = (64 - grain_bits - step_bits) << step_bits;
  static std::size_t bucket_of(std::uint64_t value_ns);
  static std::int64_t middle_of(std::size_t bucket);

  std::array<std::uint32_t, buckets> counts_{};
  std::uint64_t count_ = 0;
  std::int64_t max_ns_ = 0;
};

}  // namespace tickrelay::bench
