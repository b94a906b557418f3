// One direction of a bad network, by a clock of this test's.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "relay/run/bad_way.h"

namespace tickrelay {
namespace {

constexpr std::int64_t way_ms = 1'000'000;

std::vector<std::byte> message(std::size_t bytes, int number) { return std::vector<std::byte>(bytes, static_cast<std::byte>(number)); }

BadWay way_of(const Conditions& conditions, std::uint64_t seed = 7) {
  BadWay way(seed);
  way.set(conditions, 0);
  return way;
}

// Puts a message every period, takes what is due; the times from put to take, ns. The content must come whole and in order.
std::vector<std::int64_t> delays(BadWay& way, int count, std::size_t bytes, std::int64_t period_ns) {
  std::vector<std::int64_t> put, took;
  for (std::int64_t now = 0; static_cast<int>(took.size()) < count && now < 5'000'000 * way_ms; now += way_ms) {
    if (static_cast<int>(put.size()) < count && now >= static_cast<std::int64_t>(put.size()) * period_ns) {
      way.put(message(bytes, static_cast<int>(put.size())), {}, now);
      put.push_back(now);
    }
    while (way.due_ns() <= now) {
      EXPECT_EQ(way.take(), message(bytes, static_cast<int>(took.size())));
      took.push_back(now - put[took.size()]);
    }
  }
  EXPECT_TRUE(way.empty());
  EXPECT_EQ(static_cast<int>(took.size()), count);
  return took;
}

TEST(BadWay, DelaysByHalfOfTheRoundTrip) {
  BadWay way = way_of({.delay_ms = 100});
  way.put(message(10, 1), message(5, 2), 0);
  EXPECT_EQ(way.due_ns(), 50 * way_ms);
  EXPECT_EQ(way.take().size(), 15u);
  EXPECT_EQ(way.due_ns(), BadWay::never);
}

TEST(BadWay, JitterVariesWithinItsBoundsAndKeepsTheOrder) {
  BadWay way = way_of({.delay_ms = 100, .jitter_ms = 40});
  const auto took = delays(way, 1000, 50, 50 * way_ms);
  const auto [least, most] = std::ranges::minmax(took);
  EXPECT_GE(least, 30 * way_ms);
  EXPECT_LT(least, 35 * way_ms);
  EXPECT_LE(most, 71 * way_ms);
  EXPECT_GT(most, 65 * way_ms);
  BadWay dense = way_of({.delay_ms = 100, .jitter_ms = 100});
  delays(dense, 1000, 50, 2 * way_ms);  // in order
}

TEST(BadWay, TheBottleneckPassesItsRateAndSaysThatItIsFull) {
  BadWay way = way_of({.bytes_per_s = 20'000});
  std::int64_t now = 0;
  std::size_t accepted = 0, came = 0;
  for (; now < 10'000 * way_ms; now += way_ms) {
    if (!way.full(now)) way.put(message(500, 1), {}, now), accepted += 500;
    while (way.due_ns() <= now) came += way.take().size();
    EXPECT_LE(accepted - came, BadWay::waiting_bytes_max + 2 * 500) << "one over, one half through";
  }
  EXPECT_LE(came, 200'000u);
  EXPECT_GE(came, 199'000u);
  ASSERT_FALSE(way.room(now));
  const std::int64_t room_at = way.room_at_ns();
  EXPECT_FALSE(way.room(room_at - 1));
  EXPECT_TRUE(way.room(room_at));
}

TEST(BadWay, HoldsNoMoreThanItsBoundWhereNothingPasses) {
  BadWay way = way_of({.loss = 1});
  std::size_t accepted = 0;
  while (!way.full(0)) way.put(message(1000, 1), {}, 0), accepted += 1000;
  EXPECT_LE(accepted, BadWay::held_bytes_max + 1000);
  EXPECT_EQ(way.due_ns(), BadWay::never);
  way.set({}, 5 * way_ms);
  for (; !way.empty(); way.take()) EXPECT_LE(way.due_ns(), 5 * way_ms) << "off: all at once";
}

TEST(BadWay, ALostPacketComesAfterItsTimerOrARoundTripAfterThreeMore) {
  const auto lost_alone = [](std::uint64_t seed) {
    BadWay way = way_of({.delay_ms = 60, .loss = 0.5}, seed);
    way.put(message(100, 1), {}, 0);
    return way.due_ns() == (30 + 60 + 200) * way_ms;
  };
  std::uint64_t seed = 1;
  while (!lost_alone(seed)) ++seed;
  BadWay way = way_of({.delay_ms = 60, .loss = 0.5}, seed);
  way.put(message(100, 1), {}, 0);
  way.put(message(100, 2), {}, 10 * way_ms);
  way.put(message(100, 3), {}, 20 * way_ms);
  EXPECT_EQ(way.due_ns(), 290 * way_ms);
  way.put(message(100, 4), {}, 30 * way_ms);
  EXPECT_EQ(way.due_ns(), (30 + 90) * way_ms);
}

TEST(BadWay, LossStallsAsOftenAsItIsSetAndLosesNothing) {
  BadWay way = way_of({.delay_ms = 20, .loss = 0.05});
  const auto took = delays(way, 4000, 100, 1000 * way_ms);  // far apart: each by itself
  const auto stalled = std::ranges::count_if(took, [](std::int64_t ns) { return ns > 200 * way_ms; });
  EXPECT_NEAR(static_cast<double>(stalled), 200, 45);
  BadWay dense = way_of({.delay_ms = 20, .loss = 0.05});
  const auto behind = delays(dense, 4000, 100, 10 * way_ms);
  EXPECT_GT(std::ranges::count_if(behind, [](std::int64_t ns) { return ns > 15 * way_ms; }), 400) << "who comes behind waits, too";
}

TEST(BadWay, TheSameSeedGivesTheSame) {
  const Conditions conditions{.delay_ms = 50, .jitter_ms = 30, .loss = 0.1, .bytes_per_s = 100'000};
  BadWay one = way_of(conditions, 3), two = way_of(conditions, 3), other = way_of(conditions, 4);
  const auto took = delays(one, 300, 300, 20 * way_ms);
  EXPECT_EQ(took, delays(two, 300, 300, 20 * way_ms));
  EXPECT_NE(took, delays(other, 300, 300, 20 * way_ms));
}

}  // namespace
}  // namespace tickrelay
