#include "relay/core/frames.h"

#include <gtest/gtest.h>

#include "schema_text.h"

namespace tickrelay {
namespace {

struct FramesTest : testing::Test {
  World world{test::layout_of("struct Body { a: int; }")};
  EventLog events{limits::events_max, limits::event_bytes_max};
  Frames frames;
  static constexpr Tick idle = 15;

  std::vector<FrameInfo> plan(Tick now, std::vector<Want> wants) {
    const auto infos = frames.plan(world.newest(), events, now, idle, wants);
    return {infos.begin(), infos.end()};
  }
  void change(Tick now) {
    if (!world.has(1)) world.create(1, 0, now);
    world.set_owner(1, now, now);
  }
  void say(std::size_t bytes) {
    events.push({.kind = EventKind::Message, .type = {}, .data = std::vector<std::byte>(bytes)});
  }
};

TEST_F(FramesTest, the_first_newcomer_gets_the_whole_and_no_stream_precedes_it) {
  change(1);
  const auto infos = plan(1, {{0, 0}});
  ASSERT_EQ(infos.size(), 1U);
  EXPECT_EQ(infos[0].kind, wire::FrameKind::Whole);
  EXPECT_EQ(infos[0].tick, 1U);
}

TEST_F(FramesTest, the_stream_runs_from_the_last_send_tick) {
  change(1);
  plan(1, {});
  change(4);
  const auto infos = plan(4, {});
  ASSERT_EQ(infos.size(), 1U);
  EXPECT_EQ(infos[0].base, 1U);
  EXPECT_EQ(infos[0].kind, wire::FrameKind::Stream);
}

TEST_F(FramesTest, an_unchanged_room_sends_nothing_until_it_was_idle_for_long) {
  change(1);
  plan(1, {});
  EXPECT_TRUE(plan(2, {}).empty());
  EXPECT_TRUE(plan(15, {}).empty());
  ASSERT_EQ(plan(16, {}).size(), 1U);
  EXPECT_EQ(frames.tick(), 16U);
}

TEST_F(FramesTest, a_room_that_comes_to_rest_says_so_once) {
  change(1);
  plan(1, {});
  change(2);
  plan(2, {});
  const auto rest = plan(3, {});
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_FALSE(rest[0].has_state);
  EXPECT_EQ(rest[0].tick, 3U);
  EXPECT_TRUE(plan(4, {}).empty());
}

TEST_F(FramesTest, who_is_behind_gets_the_last_tick_of_an_unchanged_room) {
  change(1);
  plan(1, {});
  change(5);
  plan(5, {});
  plan(6, {});
  const auto infos = plan(7, {{1, 0}});
  ASSERT_EQ(infos.size(), 1U);
  EXPECT_EQ(infos[0].base, 1U);
  EXPECT_EQ(infos[0].tick, 6U);
}

TEST_F(FramesTest, at_most_four_frames_and_the_lowest_base_is_one) {
  change(1);
  plan(1, {});
  change(100);
  std::vector<Want> wants;
  for (Tick base = 10; base < 60; ++base) wants.push_back({base, 0});
  plan(100, {});
  change(101);
  const auto infos = plan(101, wants);
  ASSERT_EQ(infos.size(), limits::frames_per_tick_max);
  EXPECT_EQ(infos[0].base, 100U);
  EXPECT_EQ(infos[1].base, 59U);
  EXPECT_EQ(infos[2].base, 58U);
  EXPECT_EQ(infos[3].base, 10U);
}

TEST_F(FramesTest, a_shared_base_carries_the_events_of_its_lowest_taker) {
  for (int i = 0; i < 10; ++i) say(10);
  change(1);
  plan(1, {});
  change(9);
  const auto infos = plan(9, {{5, 7}, {5, 3}});
  ASSERT_EQ(infos.size(), 2U);
  EXPECT_EQ(infos[1].event_first, 4U);
  EXPECT_EQ(infos[1].event_last, 10U);
}

TEST_F(FramesTest, a_burst_of_events_is_spread_over_ticks) {
  change(1);
  plan(1, {});
  for (int i = 0; i < 10; ++i) say(4000);
  EventNumber last = 0;
  for (Tick now = 2; last < 10; ++now) {
    const auto infos = plan(now, {});
    ASSERT_EQ(infos.size(), 1U);
    EXPECT_EQ(infos[0].event_first, last + 1);
    EXPECT_LE(infos[0].event_last, last + 2);
    last = infos[0].event_last;
  }
}

TEST_F(FramesTest, who_lacks_events_alone_gets_a_new_tick_for_them) {
  for (int i = 0; i < 4; ++i) say(10);
  change(1);
  plan(1, {});
  const auto infos = plan(2, {{1, 2}});
  ASSERT_EQ(infos.size(), 2U);
  EXPECT_EQ(infos[1].tick, 2U);
  EXPECT_EQ(infos[1].event_first, 3U);
}

TEST_F(FramesTest, a_base_further_back_than_a_span_tells_is_0) {
  change(1);
  plan(1, {});
  change(70'000);
  const auto infos = plan(70'000, {{2, 0}});
  ASSERT_EQ(infos.size(), 1U) << "the stream's span does not fit either";
  EXPECT_EQ(infos[0].kind, wire::FrameKind::Whole);
}

}  // namespace
}  // namespace tickrelay
