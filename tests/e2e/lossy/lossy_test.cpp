// What a loss shield is for: the same room, at the same time, over a link that loses packets, with and without.

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>

#include "bench/lossy/lossy.h"

namespace tickrelay::bench {
namespace {

constexpr double share = 0.97;  // of frames: of all that come alone three in a hundred are lost

void print(const char* name, const Ages& ages) {
  std::printf("%-8s p50 %.1f ms, p97 %.1f ms, %llu frames, %llu copies, %llu of them first\n", name,
              static_cast<double>(ages.arrival.quantile_ns(0.5)) / 1e6,
              static_cast<double>(ages.arrival.quantile_ns(share)) / 1e6, static_cast<unsigned long long>(ages.frames),
              static_cast<unsigned long long>(ages.copies), static_cast<unsigned long long>(ages.shielded));
}

TEST(Lossy, AShieldBringsMostOfWhatALossHoldsUp) {
  LossyOptions options;
  options.link.loss = 0.03;
  options.players.duration_ns = 10'000'000'000;
  std::unique_ptr<LossyRun> run;
  try {
    run = std::make_unique<LossyRun>(run_lossy(options));
  } catch (const NoLink& none) {
    GTEST_SKIP() << "no network namespaces here: " << none.what();
  }
  print("bare", run->ages.bare);
  print("shielded", run->ages.shielded);
  EXPECT_GT(run->packets.lost, 50U);
  EXPECT_GT(run->ages.shielded.shielded, 10U) << "copies came first";
  EXPECT_EQ(run->ages.bare.copies, 0U);
  EXPECT_EQ(run->ages.bare.drops + run->ages.shielded.drops, 0U);
  EXPECT_LT(run->ages.shielded.arrival.quantile_ns(share), run->ages.bare.arrival.quantile_ns(share));
}

}  // namespace
}  // namespace tickrelay::bench
