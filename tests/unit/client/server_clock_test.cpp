#include "server_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tickrelay {
inline namespace sdk {
namespace {

constexpr std::int64_t ahead_us = 5'000'000;  // the relay's zero against ours

TEST(ServerClock, TheShortestRoundTripCounts) {
  ServerClock clock;
  clock.sample(0, 100'000, ahead_us + 90'000);  // the way there was long: off by 40 ms
  EXPECT_NEAR(static_cast<double>(clock.relay_us(100'000)), ahead_us + 140'000, 1);
  clock.sample(200'000, 210'000, ahead_us + 205'000);
  clock.sample(400'000, 500'000, ahead_us + 490'000);
  const std::int64_t later = 10'000'000;
  EXPECT_NEAR(static_cast<double>(clock.relay_us(later)), ahead_us + later, 1);
}

TEST(ServerClock, ItNeverJumpsNorGoesBack) {
  ServerClock clock;
  clock.sample(0, 100'000, ahead_us + 90'000);
  std::int64_t before = clock.relay_us(100'000);
  for (std::int64_t now = 101'000; now < 4'000'000; now += 1'000) {
    if (now % 500'000 == 0) clock.sample(now - 10'000, now, ahead_us + now - 5'000);
    const std::int64_t shown = clock.relay_us(now);
    ASSERT_GE(shown, before + 970) << now;
    ASSERT_LE(shown, before + 1'030) << now;
    before = shown;
  }
  EXPECT_NEAR(static_cast<double>(before), ahead_us + 3'999'000, 10);
}

TEST(ServerClock, RenderTimeTrailsTheFramesAndNeverGoesBack) {
  ServerClock clock;
  clock.sample(0, 10'000, ahead_us + 5'000);
  std::int64_t before = 0;
  for (std::int64_t tick = 1; tick < 400; ++tick) {
    const std::int64_t due = 100'000 + tick * 50'000;
    const std::int64_t arrives = due + 30'000 + (tick % 7) * 3'000;
    clock.frame(arrives, ahead_us + due, 50'000);
    for (std::int64_t now = arrives; now <= arrives + 30'000; now += 5'000) {
      ASSERT_GE(clock.render_us(now), before);
      before = clock.render_us(now);
    }
    // When the next frame is due to arrive there is still something to interpolate to.
    if (tick > 50) {
      ASSERT_LE(clock.render_us(arrives + 30'000), ahead_us + due);
    }
  }
  EXPECT_GT(before, ahead_us + 100'000 + 396 * 50'000) << "and not far behind";
}

TEST(ServerClock, AnotherRelayHasAnotherZero) {
  ServerClock clock;
  clock.sample(0, 10'000, ahead_us);
  clock.restart();
  EXPECT_FALSE(clock.known());
  clock.sample(20'000, 30'000, 77);
  EXPECT_EQ(clock.relay_us(30'000), 77 + 5'000);
}

// A link whose ways take least_us and an exponential delay of jitter_us, each of its own; the clocks drift apart by 50 ppm.
struct Simulated {
  explicit Simulated(unsigned seed, double least_us, double jitter_us) : chance(seed), least_us(least_us), jitter_us(jitter_us) {}

  std::int64_t way() { return static_cast<std::int64_t>(least_us + std::exponential_distribution<double>(1 / jitter_us)(chance)); }
  [[nodiscard]] static std::int64_t relay_at(std::int64_t now) { return ahead_us + now + now / 20'000; }
  void ping(std::int64_t now) {
    const std::int64_t there = now + way();
    clock.sample(now, there + way(), relay_at(there));
  }

  std::mt19937 chance;
  double least_us, jitter_us;
  ServerClock clock;
};

TEST(ServerClock, OnAQuietLinkItIsWithinTwoMilliseconds) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    Simulated link(seed, 15'000, 1'000);
    std::int64_t before = 0;
    for (std::int64_t now = 0; now < 60'000'000; now += 1'000) {
      const bool fast = now <= 500'000 && now % 100'000 == 0;
      if (fast || now % 2'000'000 == 0) link.ping(now);
      if (now % 50'000 == 0) {
        const std::int64_t arrives = now + link.way();
        link.clock.frame(arrives, Simulated::relay_at(now), 50'000);
      }
      if (now < 1'000'000) continue;
      const std::int64_t shown = link.clock.relay_us(now);
      ASSERT_NEAR(static_cast<double>(shown), static_cast<double>(Simulated::relay_at(now)), 2'000) << "seed " << seed << " at " << now;
      ASSERT_GT(shown, before);
      before = shown;
    }
  }
}

TEST(ServerClock, OneQuickWayEachIsEnough) {
  ServerClock clock;
  for (std::int64_t now = 0; now < 3'200'000; now += 200'000) {
    const bool quick_there = now / 200'000 % 2 == 0;  // never both
    const std::int64_t there = now + (quick_there ? 5'000 : 45'000);
    clock.sample(now, there + (quick_there ? 45'000 : 5'000), ahead_us + there);
  }
  EXPECT_NEAR(static_cast<double>(clock.relay_us(10'000'000)), ahead_us + 10'000'000, 1'000);
}

TEST(ServerClock, TheDelayIsWhatTheLatestInAHundredNeedAndATick) {
  Simulated link(7, 20'000, 4'000);
  link.clock.sample(0, 40'000, Simulated::relay_at(20'000));
  std::int64_t in_time = 0, all = 0;
  for (std::int64_t tick = 1; tick < 2'000; ++tick) {
    const std::int64_t due = tick * 50'000;
    const std::int64_t arrives = due + link.way();
    const std::int64_t needed_from = link.clock.render_us(arrives);
    link.clock.frame(arrives, ahead_us + due, 50'000);
    if (tick < 200) continue;
    ++all;
    in_time += needed_from <= ahead_us + due - 50'000;  // it comes before the one before is used up
  }
  EXPECT_GE(in_time * 100, all * 98);
  EXPECT_LT(link.clock.delay_us(100'000'000), 50'000 + 20'000 + 40'000) << "and no more than that";
}

}  // namespace
}  // namespace sdk
}  // namespace tickrelay
