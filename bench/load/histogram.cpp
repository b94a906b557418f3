#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tickrelay::bench {

// Below 64 grains a bucket is one grain; above, the leading bit chooses the power and the next six the step.
std::size_t Histogram::bucket_of(std::uint64_t value_ns) {
  const std::uint64_t grains = value_ns >> grain_bits;
  const int power = std::bit_width(grains) - 1 - step_bits;
  if (power < 0) return grains;
  const std::size_t bucket = (static_cast<std::size_t>(power) << step_bits) + (grains >> power);
  return std::min(bucket, buckets - 1);
}

std::int64_t Histogram::middle_of(std::size_t bucket) {
  constexpr std::size_t steps = std::size_t{1} << step_bits;
  if (bucket < 2 * steps) return static_cast<std::int64_t>(bucket << grain_bits) + (1 << (grain_bits - 1));
  const std::size_t power = (bucket >> step_bits) - 1;
  const std::size_t grains = (bucket & (steps - 1)) + steps;
  return static_cast<std::int64_t>((2 * grains + 1) << (power + grain_bits - 1));
}

void Histogram::add(std::int64_t value_ns) {
  const std::int64_t value = std::max<std::int64_t>(value_ns, 0);
  ++counts_[bucket_of(static_cast<std::uint64_t>(value))];
  ++count_;
  max_ns_ = std::max(max_ns_, value);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < buckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

std::int64_t Histogram::quantile_ns(double share) const {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    seen += counts_[i];
    if (seen >= std::max<std::uint64_t>(wanted, 1)) return std::min(middle_of(i), max_ns_);
  }
  return max_ns_;
}

}  // namespace tickrelay::bench
