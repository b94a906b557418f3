#include "bench/load/metrics.h"

#include <gtest/gtest.h>

namespace tickrelay::bench {
namespace {

constexpr const char* before = R"(# HELP tickrelay_ticks_skipped_total ticks
tickrelay_ticks_skipped_total 3
tickrelay_tick_lateness_seconds_bucket{le="0.0001"} 100
tickrelay_tick_lateness_seconds_bucket{le="0.001"} 110
tickrelay_tick_lateness_seconds_bucket{le="+Inf"} 110
tickrelay_tick_lateness_seconds_sum 1
tickrelay_tick_lateness_seconds_count 110
)";
constexpr const char* after = R"(tickrelay_ticks_skipped_total 5
tickrelay_tick_lateness_seconds_bucket{le="0.0001"} 190
tickrelay_tick_lateness_seconds_bucket{le="0.001"} 210
tickrelay_tick_lateness_seconds_bucket{le="+Inf"} 211
)";

TEST(Metrics, differ_by_what_happened_between) {
  const TickMetrics ticks = difference(parse_tick_metrics(before), parse_tick_metrics(after));
  EXPECT_EQ(ticks.ticks_skipped, 2);
  ASSERT_EQ(ticks.lateness.size(), 3U);
  EXPECT_EQ(ticks.lateness[0].count, 90);
  EXPECT_EQ(ticks.lateness[2].count, 101);
}

TEST(Metrics, quantiles_are_interpolated_in_their_bucket) {
  const TickMetrics ticks = difference(parse_tick_metrics(before), parse_tick_metrics(after));
  EXPECT_NEAR(lateness_quantile_s(ticks, 0.5), 0.0001 * 50.5 / 90, 1e-6);
  EXPECT_GT(lateness_quantile_s(ticks, 0.95), 0.0001);
  EXPECT_LT(lateness_quantile_s(ticks, 0.95), 0.001);
  // Above the last bound nothing is known.
  EXPECT_DOUBLE_EQ(lateness_quantile_s(ticks, 1), 0.001);
}

TEST(Metrics, of_another_page_are_zero) {
  const TickMetrics none = parse_tick_metrics("hello\n\nworld 3\n");
  EXPECT_EQ(none.ticks_skipped, 0);
  EXPECT_EQ(lateness_quantile_s(none, 0.99), 0);
}

}  // namespace
}  // namespace tickrelay::bench
