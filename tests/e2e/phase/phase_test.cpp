// What the send phase is for: the same room, at the same time, players that send just before the tick and players that do not.

#include "bench/phase/phase.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace tickrelay::bench {
namespace {

void print(const char* name, const PhaseSide& side) {
  std::printf("%-12s input to state p50 %.1f ms, p99 %.1f ms; read before its tick p50 %.1f ms; %llu sent\n", name,
              static_cast<double>(side.latency.quantile_ns(0.5)) / 1e6, static_cast<double>(side.latency.quantile_ns(0.99)) / 1e6,
              static_cast<double>(side.early.quantile_ns(0.5)) / 1e6, static_cast<unsigned long long>(side.sent));
}

TEST(Phase, WhatIsSentJustBeforeTheTickIsSeenSooner) {
  PhaseOptions options;
  options.duration_ns = 8'000'000'000;
  const PhaseRun run = run_phase(options);
  print("aligned", run.aligned);
  print("not aligned", run.unaligned);
  EXPECT_GT(run.aligned.sent, 4 * 20 * 7U);
  EXPECT_GT(run.aligned.latency.count(), run.aligned.sent * 95 / 100) << "all of it is seen";
  EXPECT_LT(run.aligned.latency.quantile_ns(0.5), 20'000'000);
  EXPECT_LT(run.aligned.latency.quantile_ns(0.5), run.unaligned.latency.quantile_ns(0.5));
}

}  // namespace
}  // namespace tickrelay::bench
