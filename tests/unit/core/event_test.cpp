#include "relay/core/event.h"

#include <gtest/gtest.h>

namespace tickrelay {
namespace {

Event event_of(std::size_t bytes) {
  return {.kind = EventKind::Message, .type = {}, .data = std::vector<std::byte>(bytes)};
}

TEST(EventLog, numbers_from_one) {
  EventLog log(10, 1000);
  EXPECT_EQ(log.last(), 0U);
  EXPECT_EQ(log.push(event_of(1)), 1U);
  EXPECT_EQ(log.push(event_of(1)), 2U);
  EXPECT_EQ(log.first(), 1U);
}

TEST(EventLog, drops_the_oldest_above_its_count) {
  EventLog log(3, 1 << 20);
  for (int i = 0; i < 5; ++i) log.push(event_of(1));
  EXPECT_EQ(log.first(), 3U);
  EXPECT_EQ(log.last(), 5U);
}

TEST(EventLog, drops_the_oldest_above_its_bytes_but_never_the_newest) {
  EventLog log(100, 1000);
  log.push(event_of(100));
  log.push(event_of(5000));
  EXPECT_EQ(log.first(), 2U);
  EXPECT_EQ(log.last(), 2U);
  log.push(event_of(10));
  EXPECT_EQ(log.first(), 3U);
}

TEST(EventLog, ends_a_run_at_its_bytes) {
  EventLog log(100, 1 << 20);
  for (int i = 0; i < 10; ++i) log.push(event_of(152));  // 200 each
  EXPECT_EQ(log.run_end(1, 1000), 5U);
  EXPECT_EQ(log.run_end(8, 1000), 10U);
  EXPECT_EQ(log.run_end(11, 1000), 10U) << "an empty run";
}

TEST(EventLog, lets_one_larger_event_go_alone) {
  EventLog log(100, 1 << 20);
  log.push(event_of(10));
  log.push(event_of(16'000));
  log.push(event_of(10));
  EXPECT_EQ(log.run_end(1, 8192), 1U);
  EXPECT_EQ(log.run_end(2, 8192), 2U);
  EXPECT_EQ(log.run_end(3, 8192), 3U);
}

TEST(EventLog, forgets_up_to_a_number_and_counts_on) {
  EventLog log(100, 1 << 20);
  for (int i = 0; i < 4; ++i) log.push(event_of(1));
  log.forget_up_to(3);
  EXPECT_EQ(log.first(), 4U);
  log.forget_up_to(99);
  EXPECT_EQ(log.first(), 5U);
  EXPECT_EQ(log.last(), 4U);
  EXPECT_EQ(log.push(event_of(1)), 5U);
}

TEST(EventLog, gives_no_number_twice_after_a_skip) {
  EventLog log(100, 1 << 20);
  log.skip_to(41);
  EXPECT_EQ(log.push(event_of(1)), 42U);
}

TEST(EventLog, holds_what_it_held_before_a_skip) {
  EventLog log(100, 1 << 20);
  for (std::size_t i = 1; i <= 3; ++i) log.push(event_of(i));
  log.skip_to(10);
  EXPECT_EQ(log.last(), 10U);
  EXPECT_EQ(log.push(event_of(11)), 11U);
  EXPECT_EQ(log.size(), 4U);
  EXPECT_EQ(log.at(3).data.size(), 3U);
  EXPECT_EQ(log.at(11).data.size(), 11U);
  EXPECT_EQ(log.run_end(2, 8192), 3U) << "a run ends at the gap";
  EXPECT_EQ(log.continues_at(2), 2U);
  for (EventNumber have = 3; have <= 10; ++have) EXPECT_EQ(log.continues_at(have), 10U);
  EXPECT_EQ(log.continues_at(11), 11U);
  EXPECT_EQ(log.before_last(1), 10U);
  EXPECT_EQ(log.before_last(2), 2U);
  EXPECT_EQ(log.before_last(99), 0U);
  log.forget_up_to(5);
  EXPECT_EQ(log.first(), 11U);
  EXPECT_EQ(log.last(), 11U);
  EXPECT_EQ(log.continues_at(2), 10U);
}

TEST(EventLog, tells_what_would_be_forgotten) {
  EventLog log(100, 1 << 20);
  EXPECT_TRUE(log.held_up_to(5).empty());
  for (std::size_t i = 1; i <= 4; ++i) log.push(event_of(i));
  log.forget_up_to(1);
  EXPECT_TRUE(log.held_up_to(1).empty());
  EXPECT_EQ(log.held_up_to(3).size(), 2U);
  EXPECT_EQ(log.held_up_to(3).front().data.size(), 2U);
  EXPECT_EQ(log.held_up_to(99).size(), 3U);
  log.skip_to(10);
  log.push(event_of(11));
  log.push(event_of(12));
  EXPECT_EQ(log.held_up_to(4).size(), 3U);
  EXPECT_EQ(log.held_up_to(10).size(), 3U) << "numbers of a gap are nobody's";
  EXPECT_EQ(log.held_up_to(11).size(), 4U);
  EXPECT_EQ(log.held_up_to(11).back().data.size(), 11U);
  EXPECT_EQ(log.held_up_to(99).size(), 5U);
}

TEST(EventLog, a_second_skip_lets_go_what_was_before_the_first) {
  EventLog log(100, 1 << 20);
  log.push(event_of(1));
  log.skip_to(10);
  log.push(event_of(11));
  log.skip_to(20);
  EXPECT_EQ(log.first(), 11U);
  EXPECT_EQ(log.push(event_of(21)), 21U);
  EXPECT_EQ(log.at(11).data.size(), 11U);
  EXPECT_EQ(log.at(21).data.size(), 21U);
}

TEST(EventLog, a_gap_goes_with_what_is_before_it) {
  EventLog log(2, 1 << 20);
  log.push(event_of(1));
  log.skip_to(10);
  log.push(event_of(1));
  log.push(event_of(1));
  EXPECT_EQ(log.first(), 11U);
  EXPECT_EQ(log.last(), 12U);
  EXPECT_EQ(log.gap(), 0U);
}

}  // namespace
}  // namespace tickrelay
