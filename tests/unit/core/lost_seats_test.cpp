// What a crash takes of seats and tickets, and what of them comes back: a checkpoint's numbers, session tokens, spent tickets.

#include <gtest/gtest.h>

#include <cstring>

#include "relay/core/checkpoint.h"
#include "relay/core/room.h"
#include "schema_text.h"

namespace tickrelay {
namespace {

struct DeafToSeats final : RoomObserver {
  void seat_taken(const Room&, const Seat&) override {}
  void seat_dropped(const Room&, const Seat&) override {}
  void seat_resumed(const Room&, const Seat&) override {}
  void seat_ended(const Room&, const Seat&, CloseCode, std::string_view) override {}
  void message(const Room&, PlayerNumber, const Event&) override {}
};

TEST(LostSeats, what_came_after_it_is_made_again_once_and_while_grace_lasts) {
  DeafToSeats observer;
  RoomSettings settings;
  settings.id = settings.type = "lost";
  settings.layout = test::layout_of("struct Body { x: float; }");
  settings.grace_ms = 1'000;
  const auto restored = [&](const Room& from, std::uint32_t term, std::uint32_t lost_terms = 1) {
    auto state = read_checkpoint(CheckpointWriter().write(from));
    EXPECT_TRUE(std::holds_alternative<SavedRoomPointer>(state));
    const Restore how{.term = term, .tick = from.tick(), .lost_terms = lost_terms, .lost_ticks = lost_terms};
    return std::make_unique<Room>(std::move(*std::get<SavedRoomPointer>(state)), how, nullptr, observer);
  };
  const auto again = [](Room& room, PlayerNumber number) {
    return room.take_seat({.number = number, .player_id = "player " + std::to_string(number), .session = "s"}, 1);
  };
  Room first(settings, nullptr, 1, observer);
  first.advance(1);
  ASSERT_EQ(first.take_seat({.player_id = "ada", .session = "s"}, 1), 1U);
  const PlayerNumber ended = first.take_seat({.player_id = "eve", .session = "s"}, 1);
  first.end_seat(ended, CloseCode::normal, "left");

  const auto second = restored(first, 2);
  EXPECT_FALSE(first.may_make_again(3, 0)) << "nothing was lost here";
  EXPECT_FALSE(second->may_make_again(ended, 1)) << "it ended, and that is known";
  EXPECT_TRUE(second->may_make_again(3, 1));
  EXPECT_FALSE(second->may_make_again(3, 2)) << "of this term: it has ended";
  EXPECT_EQ(again(*second, 4), 4U);
  EXPECT_EQ(again(*second, 3), 3U);
  const PlayerNumber fresh = second->take_seat({.player_id = "new", .session = "s"}, 1);
  EXPECT_GT(fresh, 4'000U) << "above all that may have been given";
  EXPECT_FALSE(second->may_make_again(fresh, 1));
  std::vector<PlayerNumber> numbers;
  for (const auto& seat : second->seats()) numbers.push_back(seat->number);
  EXPECT_EQ(numbers, (std::vector<PlayerNumber>{1, 3, 4, fresh}));
  EXPECT_EQ(second->find(3)->player_id, "player 3");
  EXPECT_EQ(second->find(3)->direct.last(), raise_past(1, 1).direct) << "no number of a direct message is given twice";
  second->end_seat(3, CloseCode::kicked, "kicked");
  EXPECT_FALSE(second->may_make_again(3, 1)) << "once";

  const auto third = restored(*second, 5);
  EXPECT_FALSE(third->may_make_again(3, 1)) << "ended before the second checkpoint";
  EXPECT_FALSE(third->may_make_again(4, 2)) << "it is there";
  EXPECT_NE(third->find(4), nullptr);
  EXPECT_TRUE(third->may_make_again(5, 1)) << "who has not come back yet may still";
  EXPECT_TRUE(third->may_make_again(fresh + 1, 2));
  const auto fourth = restored(*third, 6, 0);
  EXPECT_TRUE(fourth->may_make_again(5, 1)) << "a hand-over keeps what it knows";
  third->advance(third->tick() + third->ticks_of_ms(settings.grace_ms));
  EXPECT_TRUE(third->may_make_again(5, 1));
  third->forgive(100);
  third->advance(third->tick() + 100);
  EXPECT_TRUE(third->may_make_again(5, 1)) << "nobody could come meanwhile";
  third->advance(third->tick() + 1);
  EXPECT_FALSE(third->may_make_again(5, 1)) << "its grace is over";
}

TEST(LostSeats, spent_tickets_stay_spent) {
  DeafToSeats observer;
  RoomSettings settings;
  settings.id = settings.type = "spent";
  settings.layout = test::layout_of("struct Body { x: float; }");
  Room room(settings, nullptr, 1, observer);
  room.advance(1);
  const TicketId id = {1, 2, 3, 250, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255}, other = {9};
  EXPECT_EQ(room.spent_tickets().spend(id, 1'000, 10), SpentTickets::Outcome::spent_now);
  EXPECT_EQ(room.spent_tickets().spend(id, 1'000, 10), SpentTickets::Outcome::spent_before);
  auto state = read_checkpoint(CheckpointWriter().write(room));
  ASSERT_TRUE(std::holds_alternative<SavedRoomPointer>(state));
  Room after(std::move(*std::get<SavedRoomPointer>(state)), {.term = 2, .tick = 1}, nullptr, observer);
  EXPECT_EQ(after.spent_tickets().all().at(id), 1'000);
  EXPECT_FALSE(after.spent_tickets().contains(other));
}

TEST(SpentTickets, are_bounded_and_forget_what_has_expired_anyway) {
  SpentTickets spent;
  TicketId id{};
  for (std::size_t i = 0; i < limits::spent_tickets_max; ++i) {
    std::memcpy(id.data(), &i, sizeof i);
    ASSERT_EQ(spent.spend(id, 100 + static_cast<std::int64_t>(i % 2), 0), SpentTickets::Outcome::spent_now);
  }
  id.fill(0xff);
  EXPECT_EQ(spent.spend(id, 200, 100), SpentTickets::Outcome::full);
  EXPECT_EQ(spent.spend(id, 200, 101), SpentTickets::Outcome::spent_now);
  EXPECT_EQ(spent.all().size(), limits::spent_tickets_max / 2 + 1);
}

}  // namespace
}  // namespace tickrelay
