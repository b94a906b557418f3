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

}  // namespace
}  // namespace tickrelay
