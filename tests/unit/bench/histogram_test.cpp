#include "bench/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace tickrelay::bench {
namespace {

TEST(Histogram, quantiles_are_within_one_percent) {
  std::mt19937_64 random(3);
  std::lognormal_distribution<double> latency_ms(2, 1.5);
  Histogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 50'000; ++i) {
    values.push_back(static_cast<std::int64_t>(latency_ms(random) * 1e6));
    histogram.add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const auto exact = static_cast<double>(values[static_cast<std::size_t>(share * 50'000) - 1]);
    EXPECT_NEAR(static_cast<double>(histogram.quantile_ns(share)), exact, exact * 0.01 + 1'024) << share;
  }
  EXPECT_EQ(histogram.max_ns(), values.back());
  EXPECT_LE(histogram.quantile_ns(1), histogram.max_ns());
}

TEST(Histogram, of_nothing_is_zero) {
  EXPECT_EQ(Histogram().quantile_ns(0.99), 0);
  EXPECT_EQ(Histogram().max_ns(), 0);
}

TEST(Histogram, takes_any_value) {
  Histogram histogram;
  for (const std::int64_t value : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, INT64_MAX}) histogram.add(value);
  EXPECT_EQ(histogram.count(), 4U);
  EXPECT_EQ(histogram.max_ns(), INT64_MAX);
}

TEST(Histogram, merged_counts_both) {
  Histogram low, high;
  for (int i = 0; i < 100; ++i) low.add(1'000'000), high.add(100'000'000);
  low.merge(high);
  EXPECT_EQ(low.count(), 200U);
  EXPECT_NEAR(static_cast<double>(low.quantile_ns(0.4)), 1e6, 1e4);
  EXPECT_NEAR(static_cast<double>(low.quantile_ns(0.6)), 1e8, 1e6);
}

}  // namespace
}  // namespace tickrelay::bench
