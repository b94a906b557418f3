#include "bench/load/seat.h"

#include <gtest/gtest.h>

namespace tickrelay::bench {
namespace {

FrameFacts frame(std::uint32_t tick, std::uint16_t span) { return {.tick = tick, .span = span}; }

TEST(Seat, takes_a_frame_only_if_its_base_is_not_above_what_it_has) {
  Seat seat;
  EXPECT_FALSE(seat.takes(frame(10, 1)));
  EXPECT_TRUE(seat.takes(frame(10, 0)));
  seat.take(frame(10, 0));
  EXPECT_FALSE(seat.takes(frame(10, 1)));
  EXPECT_TRUE(seat.takes(frame(11, 1)));
  EXPECT_TRUE(seat.takes(frame(15, 9)));
  EXPECT_FALSE(seat.takes(frame(15, 4)));
  EXPECT_TRUE(seat.takes(frame(15, 0)));
  EXPECT_FALSE(seat.takes(frame(9, 0)));
}

TEST(Seat, follows_events_and_refuses_a_gap) {
  Seat seat;
  seat.event = 5;
  FrameFacts facts = frame(10, 0);
  facts.event_first = 4, facts.events = 4;
  ASSERT_TRUE(seat.takes(facts));
  seat.take(facts);
  EXPECT_EQ(seat.event, 7U);
  facts = frame(11, 1);
  facts.event_first = 9, facts.events = 1;
  EXPECT_FALSE(seat.takes(facts));
}

TEST(Seat, is_complete_up_to_what_the_frame_says) {
  Seat seat;
  FrameFacts facts = frame(100, 0);
  facts.complete = 80;
  seat.take(facts);
  EXPECT_EQ(seat.tick, 100U);
  EXPECT_EQ(seat.complete, 80U);
}

TEST(Seat, spends_its_ids_in_order_and_a_block_told_twice_once) {
  Seat seat;
  EXPECT_FALSE(seat.take_id());
  seat.add_ids({100, 2});
  seat.add_ids({100, 2});
  seat.add_ids({200, 1});
  EXPECT_EQ(seat.take_id(), 100U);
  seat.add_ids({100, 2});
  EXPECT_EQ(seat.take_id(), 101U);
  EXPECT_EQ(seat.take_id(), 200U);
  EXPECT_FALSE(seat.take_id());
}

TEST(Seat, knows_when_a_tick_is_due) {
  Seat seat;
  seat.tick_rate_hz = 60, seat.tick_zero_us = 1'000;
  EXPECT_EQ(seat.due_us(0), 1'000);
  EXPECT_EQ(seat.due_us(3), 51'000);
  EXPECT_EQ(seat.due_us(60 * 3'600), 1'000 + 3'600'000'000);
}

TEST(Seat, welcomed_anew_has_nothing_and_resumed_goes_on) {
  for (const bool resumed : {false, true}) {
    flatbuffers::FlatBufferBuilder builder;
    wire::WelcomeBuilder building(builder);
    building.add_term(2);
    building.add_resumed(resumed);
    building.add_applied_seq(3);
    building.add_event(9);
    builder.Finish(building.Finish());
    Seat seat;
    seat.tick = 50, seat.last_seq = 8;
    LayoutShelf layouts;
    seat_by_welcome(seat, *flatbuffers::GetRoot<wire::Welcome>(builder.GetBufferPointer()), layouts);
    EXPECT_EQ(seat.tick, resumed ? 50U : 0U);
    EXPECT_EQ(seat.last_seq, resumed ? 8U : 3U);
    EXPECT_EQ(seat.event, 9U);
  }
}

}  // namespace
}  // namespace tickrelay::bench
