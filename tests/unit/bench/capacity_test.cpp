#include "bench/load/capacity.h"

#include <gtest/gtest.h>

namespace tickrelay::bench {
namespace {

// A server that holds so many rooms, always.
std::function<CapacityStep(std::uint32_t)> server_of(std::uint32_t rooms_held) {
  return [rooms_held](std::uint32_t rooms) {
    return CapacityStep{.rooms = rooms, .missed = rooms <= rooms_held ? "" : "latency"};
  };
}

TEST(Capacity, comes_as_near_as_the_precision_asks) {
  for (const std::uint32_t held : {1U, 7U, 8U, 9U, 100U, 393U, 1'999U}) {
    const Capacity found = search_capacity({}, server_of(held));
    EXPECT_LE(found.rooms, held);
    EXPECT_GE(found.rooms * 1.06 + 1, held) << held;
    EXPECT_EQ(found.limit, "latency");
  }
}

TEST(Capacity, of_a_server_that_holds_nothing_is_none) { EXPECT_EQ(search_capacity({}, server_of(0)).rooms, 0U); }

TEST(Capacity, says_when_the_search_ended_before_the_server_did) {
  const Capacity found = search_capacity({.rooms_max = 50}, server_of(1'000));
  EXPECT_EQ(found.rooms, 50U);
  EXPECT_NE(found.limit.find("50"), std::string::npos);
}

TEST(Capacity, forgives_one_bad_moment_a_step) {
  std::uint32_t attempts = 0;
  const Capacity found = search_capacity({.rooms_max = 64}, [&](std::uint32_t rooms) {
    return CapacityStep{.rooms = rooms, .missed = ++attempts == 2 ? "a bad moment" : ""};
  });
  EXPECT_EQ(found.rooms, 64U);
  EXPECT_EQ(found.limit.find("bad moment"), std::string::npos);
}

TEST(Capacity, goes_down_where_the_best_does_not_hold_a_second_time) {
  std::uint32_t seen_100 = 0;
  const Capacity found = search_capacity({.first_rooms = 100, .rooms_max = 100}, [&](std::uint32_t rooms) {
    return CapacityStep{.rooms = rooms, .missed = rooms == 100 && ++seen_100 > 1 ? "latency" : ""};
  });
  EXPECT_EQ(found.rooms, 95U);
}

TEST(Capacity, tells_that_the_generator_was_the_limit) {
  const Capacity found = search_capacity({}, [](std::uint32_t rooms) {
    return CapacityStep{.rooms = rooms, .missed = rooms > 20 ? "the generator" : "", .generator_bound = rooms > 20};
  });
  EXPECT_TRUE(found.generator_bound);
}

}  // namespace
}  // namespace tickrelay::bench
