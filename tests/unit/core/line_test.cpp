#include "relay/core/line.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace tickrelay {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t second = 1'000 * ms;

FrameInfo frame(Tick base, Tick tick, wire::FrameKind kind = wire::FrameKind::CatchUp) {
  return {.base = base, .tick = tick, .kind = kind};
}

Line line_at(Tick base, EventNumber event = 0) {
  return Line({.base = base, .event = event}, {.base = base, .event = event}, limits::ack_interval_ms, false);
}

// ---------------------------------------------------------------------------------------------- which frame

TEST(Line, takes_the_highest_base_that_is_not_above_its_own) {
  Line line = line_at(10);
  const std::vector frames = {frame(12, 20), frame(9, 20), frame(10, 20), frame(0, 20, wire::FrameKind::Whole)};
  EXPECT_EQ(line.choose(frames, 0), 2U);
}

TEST(Line, is_behind_where_no_frame_fits) {
  Line line = line_at(10);
  EXPECT_FALSE(line.behind());
  EXPECT_EQ(line.choose(std::vector{frame(12, 20)}, 0), std::nullopt);
  EXPECT_TRUE(line.behind());
}

TEST(Line, takes_nothing_that_it_has) {
  Line line = line_at(20);
  EXPECT_EQ(line.choose(std::vector{frame(5, 20), frame(5, 19)}, 0), std::nullopt);
}

TEST(Line, takes_events_only_where_they_follow_its_own) {
  Line line = line_at(10, 5);
  FrameInfo stream = frame(10, 11, wire::FrameKind::Stream);
  stream.event_first = 8, stream.event_last = stream.event_newest = 9;
  FrameInfo late = frame(9, 11);
  late.event_first = 6, late.event_last = 9, late.event_newest = 9;
  EXPECT_EQ(line.choose(std::vector{stream, late}, 0), 1U);
  EXPECT_EQ(line.choose(std::vector{stream, late}, 7), 0U) << "those up to 7 are lost";
}

TEST(Line, takes_the_events_it_lacks_before_a_higher_base) {
  Line line = line_at(10, 5);
  FrameInfo stream = frame(10, 11, wire::FrameKind::Stream);
  stream.event_newest = 9;
  FrameInfo catch_up = frame(8, 11);
  catch_up.event_first = 6, catch_up.event_last = catch_up.event_newest = 9;
  EXPECT_EQ(line.choose(std::vector{stream, catch_up}, 0), 1U);
}

TEST(Line, takes_no_whole_frame_for_events_alone) {
  Line line = line_at(10, 5);
  FrameInfo stream = frame(10, 11, wire::FrameKind::Stream);
  stream.event_newest = 9;
  FrameInfo whole = frame(0, 11, wire::FrameKind::Whole);
  whole.event_first = 1, whole.event_last = whole.event_newest = 9;
  EXPECT_EQ(line.choose(std::vector{stream, whole}, 0), 0U);
}

TEST(Line, stays_behind_until_it_has_the_newest_event) {
  Line line = line_at(10, 5);
  FrameInfo next = frame(10, 11, wire::FrameKind::Stream);
  next.event_first = 6, next.event_last = 7, next.event_newest = 9;
  line.handed(next, 0);
  EXPECT_TRUE(line.behind());
  EXPECT_EQ(line.position().event, 7U);
}

TEST(Line, keeps_its_event_number_over_base_0) {
  Line line = line_at(10, 5);
  line.handed(frame(0, 12, wire::FrameKind::Whole), 0);
  EXPECT_EQ(line.position().event, 5U);
}

// ---------------------------------------------------------------------------------------------- budgets

constexpr std::int64_t budget_ms = 1'000'000;

TEST(Line, sends_no_more_than_its_budget_and_at_once_when_that_is_lifted) {
  Line line = line_at(10);
  line.pace(1'000);
  EXPECT_TRUE(line.open(0));
  line.handed(frame(10, 11), 0, 500);
  ASSERT_TRUE(line.acknowledge(11, 0, 0, 10 * budget_ms));
  EXPECT_FALSE(line.open(499 * budget_ms)) << "500 bytes are half a second's";
  EXPECT_TRUE(line.open(500 * budget_ms));
  line.handed(frame(11, 12), 500 * budget_ms, 10'000);
  ASSERT_TRUE(line.acknowledge(12, 0, 0, 510 * budget_ms));
  EXPECT_FALSE(line.open(10'499 * budget_ms)) << "a large one is paid off";
  line.pace(0);
  EXPECT_TRUE(line.open(520 * budget_ms));
}

TEST(Line, a_client_lowers_the_rooms_budget_and_never_raises_it) {
  for (const std::uint32_t asked : {0U, 1'000'000U}) {
    Line line = line_at(10);
    line.set_budget(1'000);
    line.pace(asked);
    line.handed(frame(10, 11), 0, 1'000);
    ASSERT_TRUE(line.acknowledge(11, 0, 0, 10 * budget_ms));
    EXPECT_FALSE(line.open(999 * budget_ms));
    EXPECT_TRUE(line.open(1'000 * budget_ms));
  }
}

TEST(Line, asking_again_forgives_nothing_of_the_rooms_budget) {
  Line line = line_at(10);
  line.set_budget(1'000);
  line.handed(frame(10, 11), 0, 1'000);
  ASSERT_TRUE(line.acknowledge(11, 0, 0, 10 * budget_ms));
  line.pace(500);
  line.pace(0);
  EXPECT_FALSE(line.open(999 * budget_ms));
  EXPECT_TRUE(line.open(1'000 * budget_ms));
}

// ---------------------------------------------------------------------------------------------- acknowledgements

TEST(Line, refuses_acknowledgements_of_what_was_not_sent) {
  Line line = line_at(10, 5);
  line.handed(frame(10, 12), 0);
  EXPECT_TRUE(line.acknowledge(12, 5, 0, ms));
  EXPECT_FALSE(line.acknowledge(13, 5, 0, ms));
  EXPECT_FALSE(line.acknowledge(12, 6, 0, ms));
  EXPECT_FALSE(line.acknowledge(12, 5, 1, ms));
}

TEST(Line, waits_since_its_oldest_unacknowledged_frame_or_since_something_moved) {
  Line line = line_at(10);
  EXPECT_EQ(line.waiting_since(), std::nullopt);
  line.handed(frame(10, 11), 5 * ms);
  line.handed(frame(11, 12), 9 * ms);
  EXPECT_EQ(line.waiting_since(), 5 * ms);
  EXPECT_TRUE(line.acknowledge(11, 0, 0, 20 * ms));
  EXPECT_EQ(line.waiting_since(), 20 * ms) << "slow, and alive";
  EXPECT_TRUE(line.acknowledge(11, 0, 0, 30 * ms));
  EXPECT_EQ(line.waiting_since(), 20 * ms) << "nothing new";
  line.moved(40 * ms);
  EXPECT_EQ(line.waiting_since(), 40 * ms);
  EXPECT_TRUE(line.acknowledge(12, 0, 0, 50 * ms));
  EXPECT_EQ(line.waiting_since(), std::nullopt);
}

TEST(Line, holds_back_when_nothing_is_acknowledged) {
  Line line = line_at(1);
  std::size_t handed = 0;
  for (Tick tick = 2; tick < 600; ++tick)
    if (const std::int64_t now = tick * 10 * ms; line.open(now))
      line.handed(frame(tick - 1, tick, wire::FrameKind::Stream), now), ++handed;
  EXPECT_LE(handed, limits::in_flight_max);
}

// ---------------------------------------------------------------------------------------------- windows

struct Link {
  double bytes_per_s = 1e9;
  std::int64_t one_way_ns = 1 * ms;
  std::int64_t poll_ns = 1 * ms;  // how often the client's program looks
  std::size_t frame_bytes = 2000;
  std::uint32_t hz = 60;
};

struct Seen {
  std::int64_t age_max_ns = 0;  // when a frame arrived
  std::vector<std::uint32_t> frames_in_second;
};

// A client behind unlimited buffers: only its acknowledgements tell how slow it is.
Seen watch(const Link& link, std::uint32_t seconds, std::int64_t from_ns) {
  struct Flying {
    Tick tick;
    bool prompt;
    std::int64_t arrives_ns;
  };
  Line line({}, {}, limits::ack_interval_ms, false);
  Seen seen;
  seen.frames_in_second.resize(seconds);
  std::deque<Flying> down, up;
  std::int64_t busy_until_ns = 0, acknowledge_at_ns = -1, next_poll_ns = 0;
  Tick have = 0;
  const std::int64_t period_ns = second / link.hz;
  for (std::int64_t now = period_ns; now < seconds * second; now += ms / 2) {
    while (!up.empty() && up.front().arrives_ns <= now) {
      EXPECT_TRUE(line.acknowledge(up.front().tick, 0, 0, now));
      up.pop_front();
    }
    const auto tick = static_cast<Tick>(now / period_ns);
    if (now % period_ns < ms / 2 && tick > line.position().base && line.open(now)) {
      const Tick base = line.position().base;
      const auto kind = base == 0          ? wire::FrameKind::Whole
                        : base + 1 == tick ? wire::FrameKind::Stream
                                           : wire::FrameKind::CatchUp;
      line.handed(frame(base, tick, kind), now);
      busy_until_ns = std::max(busy_until_ns, now) +
                      static_cast<std::int64_t>(static_cast<double>(link.frame_bytes) / link.bytes_per_s * 1e9);
      down.push_back({tick, kind != wire::FrameKind::Stream, busy_until_ns + link.one_way_ns});
    }
    while (!down.empty() && down.front().arrives_ns <= now && now >= next_poll_ns) {
      const Flying& in = down.front();
      if (in.arrives_ns >= from_ns) seen.age_max_ns = std::max(seen.age_max_ns, in.arrives_ns - in.tick * period_ns);
      ++seen.frames_in_second[static_cast<std::size_t>(now / second)];
      have = in.tick;
      const std::int64_t at = in.prompt ? now : now + limits::ack_interval_ms * ms - link.poll_ns;
      acknowledge_at_ns = acknowledge_at_ns < 0 ? at : std::min(acknowledge_at_ns, at);
      down.pop_front();
    }
    if (now < next_poll_ns) continue;
    next_poll_ns = now + link.poll_ns;
    if (acknowledge_at_ns < 0 || now < acknowledge_at_ns) continue;
    up.push_back({have, false, now + link.one_way_ns});
    acknowledge_at_ns = -1;
  }
  return seen;
}

class SlowReader : public testing::TestWithParam<std::uint32_t> {};

TEST_P(SlowReader, gets_state_about_two_frames_and_a_round_trip_old_at_most) {
  const Link link{.bytes_per_s = 20'000, .one_way_ns = 10 * ms, .frame_bytes = 2000, .hz = GetParam()};
  // At 20 Hz two frames in flight may show no queue by chance: then the window tries four, and one more frame waits for a moment.
  const std::int64_t tries_ns = link.hz == 20 ? 100 * ms : 0;
  const std::int64_t bound_ns = 2 * (100 * ms) + 20 * ms + second / link.hz + link.poll_ns + tries_ns;
  const Seen seen = watch(link, 20, 2 * second);
  EXPECT_LE(seen.age_max_ns / ms, bound_ns / ms + 1);
  EXPECT_GE(seen.frames_in_second.back(), 6U) << "the link takes ten a second";
}
INSTANTIATE_TEST_SUITE_P(At, SlowReader, testing::Values(20, 60, 100), testing::PrintToStringParamName());

TEST(Line, reaches_full_rate_within_a_second_on_a_long_way) {
  const Seen seen = watch({.one_way_ns = 50 * ms, .frame_bytes = 300, .hz = 60}, 5, 0);
  for (std::size_t i = 1; i < 5; ++i) EXPECT_GE(seen.frames_in_second[i], 59U) << "second " << i;
}

TEST(Line, is_not_throttled_by_a_program_that_looks_thirty_times_a_second) {
  for (const std::int64_t poll : {16 * ms, 33 * ms}) {
    const Seen seen = watch({.one_way_ns = 50 * ms, .poll_ns = poll, .frame_bytes = 300, .hz = 60}, 30, 0);
    for (std::size_t i = 1; i < 30; ++i)
      EXPECT_GE(seen.frames_in_second[i], 57U) << "second " << i << ", poll " << poll / ms << " ms";
  }
}

// ---------------------------------------------------------------------------------------------- frames in part

TEST(Line, what_was_complete_is_known_when_its_frame_is_acknowledged) {
  Line line = line_at(10);
  FrameInfo part = frame(10, 20);
  part.complete = 14;
  line.handed(part, 0, 100);
  EXPECT_EQ(line.complete(), 0U);
  ASSERT_TRUE(line.acknowledge(20, 0, 0, 10 * ms));
  EXPECT_EQ(line.acknowledged(), 20U);
  EXPECT_EQ(line.complete(), 14U);
  line.handed(frame(20, 30), 20 * ms, 100);
  ASSERT_TRUE(line.acknowledge(30, 0, 0, 30 * ms));
  EXPECT_EQ(line.complete(), 30U);
}

TEST(Line, a_budget_is_spent_in_tenths_of_a_second) {
  Line line = line_at(10);
  EXPECT_EQ(line.frame_bytes_max(), 0U) << "no limit";
  line.set_budget(50'000);
  EXPECT_EQ(line.frame_bytes_max(), 5'000U);
  line.pace(500);
  EXPECT_EQ(line.frame_bytes_max(), 200U) << "a frame has some sense only above this";
}

TEST(Line, a_slow_lines_frames_are_cut_to_what_it_drains) {
  Line line = line_at(10);
  std::int64_t now = 0;
  Tick tick = 10;
  const auto pass = [&](std::int64_t took, std::size_t bytes) {
    line.handed(frame(tick, tick + 1), now, bytes);
    ASSERT_TRUE(line.acknowledge(++tick, 0, 0, now + took));
    now += took;
  };
  for (int i = 0; i < 5; ++i) pass(20 * ms, 100);
  EXPECT_EQ(line.frame_bytes_max(), 0U);
  for (int i = 0; i < 8; ++i) pass(500 * ms, 10'000);  // 20 kB/s
  EXPECT_GT(line.frame_bytes_max(), 4'000U);
  EXPECT_LT(line.frame_bytes_max(), 8'000U) << "about 0.3 s of it";
}

}  // namespace
}  // namespace tickrelay
