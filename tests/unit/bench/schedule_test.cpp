#include "bench/load/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

TEST(Schedule, gives_each_player_one_turn_a_period_at_its_own_phase) {
  Schedule schedule(7, 20);
  schedule.start(1'000);
  std::map<std::uint32_t, std::vector<std::int64_t>> turns;
  for (std::int64_t now = 1'000; now < 1'000 + second_ns; now += ms_ns) {
    while (const auto turn = schedule.next(now)) {
      EXPECT_LE(turn->intended_ns, now);
      turns[turn->player].push_back(turn->intended_ns);
    }
  }
  ASSERT_EQ(turns.size(), 7U);
  for (const auto& [player, times] : turns) {
    ASSERT_GE(times.size(), 19U);
    for (std::size_t i = 1; i < times.size(); ++i) EXPECT_EQ(times[i] - times[i - 1], 50 * ms_ns);
    EXPECT_TRUE(player == 0 || times[0] != turns[player - 1][0]);
  }
}

TEST(Schedule, asked_late_still_tells_when_each_turn_was_meant) {
  Schedule schedule(3, 10);
  schedule.start(0);
  std::vector<std::int64_t> intended;
  while (const auto turn = schedule.next(second_ns - 1)) intended.push_back(turn->intended_ns);
  ASSERT_EQ(intended.size(), 30U);
  EXPECT_EQ(intended.front(), 0);
  EXPECT_TRUE(std::is_sorted(intended.begin(), intended.end()));
}

// 1e9 / 60 is no whole number of nanoseconds.
TEST(Schedule, does_not_drift) {
  Schedule schedule(1, 60);
  schedule.start(0);
  std::int64_t last_ns = 0, turns = 0;
  while (const auto turn = schedule.next(3'600 * second_ns)) last_ns = turn->intended_ns, ++turns;
  EXPECT_EQ(turns, 3'600 * 60 + 1);
  EXPECT_EQ(last_ns, 3'600 * second_ns);
}

}  // namespace
}  // namespace tickrelay::bench
