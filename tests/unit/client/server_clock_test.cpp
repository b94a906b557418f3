#include "server_clock.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace sdk
}  // namespace tickrelay
