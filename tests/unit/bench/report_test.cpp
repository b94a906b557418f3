#include "bench/load/report.h"

#include <gtest/gtest.h>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

Measured some_measured() {
  Measured measured;
  measured.frames_expected = 100, measured.frames_received = 98, measured.frames_late = 1, measured.frames_all = 98;
  for (int i = 1; i <= 100; ++i) measured.latency.add(i * ms_ns);
  measured.bytes = 9'800, measured.decoded_bytes = 980, measured.decoded_updates = 40;
  return measured;
}

TEST(Report, has_what_the_contract_names) {
  RunFacts facts{.rate_hz = 20, .players = 10, .window_s = 2, .server_local = true};
  facts.after.cpu_ns = 196 * us_ns;
  facts.before.ticks = facts.after.ticks = TickMetrics{};
  const Json report = make_report(facts, some_measured());
  for (const char* place : {"/config",
                            "/frames/expected",
                            "/frames/received",
                            "/frames/late",
                            "/latency_ms/p50",
                            "/latency_ms/p99_9",
                            "/latency_beyond_tick_ms/max",
                            "/state_age_ms/p90",
                            "/age_at_arrival_ms/p99",
                            "/slow/clients",
                            "/slow/state_age_ms/p50",
                            "/bytes/received",
                            "/bytes/per_entity_update",
                            "/server/cpu_s_per_s",
                            "/server/cpu_us_per_frame",
                            "/server/rss_kib",
                            "/server/ticks_skipped",
                            "/server/tick_lateness_ms/p99",
                            "/generator/cpu_s_per_s",
                            "/generator/lateness_ms/p99",
                            "/generator/saturated",
                            "/errors"}) {
    EXPECT_TRUE(report.contains(Json::json_pointer(place))) << place;
  }
  EXPECT_NEAR(report["latency_ms"]["p99"].get<double>(), 99, 1);
  EXPECT_NEAR(report["bytes"]["per_entity_update"].get<double>(), 24.5, 1e-9);
  EXPECT_NEAR(report["server"]["cpu_us_per_frame"].get<double>(), 2, 1e-9);
  EXPECT_FALSE(summary(report).empty());
}

TEST(Report, leaves_out_what_a_remote_server_does_not_tell) {
  const Json report = make_report({.rate_hz = 20, .window_s = 1}, some_measured());
  EXPECT_TRUE(report["server"].is_object());
  EXPECT_TRUE(report["server"].empty());
}

TEST(Report, calls_the_generator_saturated_by_its_own_lateness_alone) {
  Measured measured = some_measured();
  for (int i = 0; i < 1'000; ++i) measured.generator_lateness.add(ms_ns);
  EXPECT_FALSE(saturated(measured, 20));
  for (int i = 0; i < 20; ++i) measured.generator_lateness.add(14 * ms_ns);
  EXPECT_TRUE(saturated(measured, 20));
  EXPECT_FALSE(saturated(measured, 10));
  EXPECT_EQ(generator_lateness_limit_ns(240), 5 * ms_ns);
}

TEST(Targets, are_missed_above_their_limit_or_where_nothing_is_told) {
  const Json report = make_report({.rate_hz = 20, .players = 10, .window_s = 1}, some_measured());
  std::vector<Target> targets = known_targets();
  EXPECT_TRUE(missed_targets(report, targets).empty());
  for (Target& target : targets) {
    if (target.flag == "--max-p99-ms") target.limit = 200;
    if (target.flag == "--max-p50-ms") target.limit = 10;
    if (target.flag == "--max-rss-kib") target.limit = 1e9;
    if (target.flag == "--max-missing-frames") target.limit = 2;
  }
  const std::vector<std::string> missed = missed_targets(report, targets);
  ASSERT_EQ(missed.size(), 2U);
  EXPECT_TRUE(missed[0].starts_with("--max-p50-ms 10"));
  EXPECT_TRUE(missed[1].starts_with("--max-rss-kib"));
}

}  // namespace
}  // namespace tickrelay::bench
