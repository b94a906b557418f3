// What a player may have at most: entities, ids, messages, its share of what an authority hears.
#include "room_fixture.h"

namespace tickrelay {
namespace {

TEST_F(RoomTest, a_player_owns_so_many_entities_by_spawn_and_claim) {
  RoomSettings settings;
  settings.entities_per_player = 2;
  make(Authority::player, nullptr, std::move(settings));
  Seat& seat = join();
  EXPECT_EQ(apply(seat, spawn(seat.block.first)), "");
  EXPECT_EQ(apply(seat, spawn(seat.block.first + 1, true)), "");
  EXPECT_EQ(apply(seat, spawn(seat.block.first + 2)), "too_many_entities");
  EXPECT_EQ(apply(seat, on(ActionKind::Despawn, seat.block.first)), "");
  EXPECT_EQ(apply(seat, spawn(seat.block.first + 3)), "") << "what is gone counts no more";
  Seat& other = join();
  EXPECT_EQ(apply(other, spawn(other.block.first)), "") << "each player for itself";
  const EntityId left = seat.block.first + 1;
  room->end_seat(seat.number, CloseCode::normal, "left");
  EXPECT_EQ(apply(other, on(ActionKind::Claim, left)), "");
  EXPECT_EQ(apply(other, spawn(other.block.first + 1)), "too_many_entities");
}

TEST_F(RoomTest, who_leaves_and_comes_again_leaves_no_more_than_a_full_room_may_own) {
  RoomSettings settings;
  settings.entities_per_player = 2;
  settings.max_players = 3;
  make(Authority::player, nullptr, std::move(settings));
  for (int i = 0; i < 5; ++i) {
    Seat& seat = join();
    EXPECT_EQ(apply(seat, spawn(seat.block.first, true)), "");
    EXPECT_EQ(apply(seat, spawn(seat.block.first + 1, true)), "");
    room->end_seat(seat.number, CloseCode::normal, "left");
  }
  std::size_t kept = 0;
  for (const EntityId id : room->world().entities().ids()) kept += id != 0 && room->world().owner(id) == 0;
  EXPECT_EQ(kept, 6U);
}

TEST_F(RoomTest, leaps_over_ids_bring_further_ones_only_now_and_then) {
  make(Authority::player);
  Seat& seat = join();
  const auto leap = [&] { return apply(seat, spawn(seat.block.first + seat.block.count - 1)); };
  EXPECT_EQ(leap(), "");
  ASSERT_NE(seat.next_block.count, 0U) << "a client that lost some has more in time";
  EXPECT_EQ(apply(seat, spawn(seat.next_block.first)), "");
  EXPECT_EQ(leap(), "");
  EXPECT_EQ(seat.next_block.count, 0U) << "not again at once";
  EXPECT_EQ(leap(), "bad_id");
}

TEST_F(RoomTest, who_spawns_without_leaps_has_the_next_ids_in_time) {
  make(Authority::player);
  Seat& seat = join();
  const EntityId first = seat.block.first;
  for (EntityId i = 0; i < limits::ids_per_block; ++i) {
    EXPECT_EQ(apply(seat, spawn(first + i)), "");
    EXPECT_EQ(apply(seat, on(ActionKind::Despawn, first + i)), "");
    EXPECT_EQ(seat.next_block.count != 0, i + 1 >= limits::ids_per_block / 2) << i;
  }
  EXPECT_EQ(apply(seat, spawn(seat.next_block.first)), "");
  EXPECT_EQ(seat.next_block.count, 0U);
}

TEST_F(RoomTest, spectators_get_no_ids) {
  make(Authority::player);
  const EntityId before = join().block.first;
  EXPECT_EQ(join(wire::Role::Spectator).block.count, 0U);
  EXPECT_EQ(join().block.first, before + limits::ids_per_block);
}

TEST_F(RoomTest, a_player_says_so_much_in_a_second_and_a_burst_of_two) {
  RoomSettings settings;
  settings.events_per_s = 10;
  make(Authority::player, nullptr, std::move(settings));
  Seat& seat = join();
  Seat& other = join();
  const Action message{.kind = ActionKind::Message, .data = {}, .type = "hello", .audience = wire::Audience::All};
  int said = 0;
  for (int i = 0; i < 50; ++i) said += apply(seat, message).empty();
  EXPECT_NEAR(said, 20, 1);
  EXPECT_EQ(apply(seat, message), "too_many_messages");
  EXPECT_EQ(apply(other, message), "");
  EXPECT_EQ(apply(seat, spawn(seat.block.first)), "") << "nothing else is held up";
  room->advance(1 + 20);  // a second at 20 Hz
  said = 0;
  for (int i = 0; i < 50; ++i) said += apply(seat, message).empty();
  EXPECT_NEAR(said, 10, 1);
  Seat& match = join(wire::Role::Authority);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(apply(match, message), "") << "an authority holds a ticket";
}

TEST_F(RoomTest, with_a_server_only_the_authority_writes_and_hears_inputs) {
  make(Authority::server);
  Seat& player = join();
  Seat& server = join(wire::Role::Authority);
  EXPECT_EQ(apply(player, set(player.entity)), "not_allowed");
  EXPECT_EQ(apply(player, spawn(player.block.first)), "not_allowed");
  EXPECT_EQ(apply(server, set(player.entity)), "");
  EXPECT_EQ(apply(server, set(0)), "");
  EXPECT_EQ(apply(player, on(ActionKind::Input, 0)), "");
  ASSERT_EQ(server.direct.last(), 1U);
  EXPECT_EQ(server.direct.at(1).kind, EventKind::Input);
  EXPECT_EQ(server.direct.at(1).player, player.number);
  EXPECT_EQ(server.direct.at(1).seq, player.applied_seq);
}

TEST_F(RoomTest, one_player_s_inputs_push_out_nobody_else_s) {
  make(Authority::server);
  Seat& flooder = join();
  Seat& other = join();
  Seat& server = join(wire::Role::Authority);
  EXPECT_EQ(apply(other, on(ActionKind::Input, 0)), "");
  for (std::size_t i = 0; i < limits::sender_direct_max; ++i) EXPECT_EQ(apply(flooder, on(ActionKind::Input, 0)), "");
  EXPECT_EQ(apply(flooder, on(ActionKind::Input, 0)), "too_many_messages");
  EXPECT_EQ(apply(other, on(ActionKind::Input, 0)), "");
  EXPECT_EQ(server.direct.first(), 1U) << "nothing fell out";
  ASSERT_EQ(server.direct.size(), limits::sender_direct_max + 2);
  EXPECT_EQ(server.direct.at(1).player, other.number);

  room->acknowledge(server, 2);  // of each one
  EXPECT_EQ(apply(flooder, on(ActionKind::Input, 0)), "");
  EXPECT_EQ(apply(flooder, on(ActionKind::Input, 0)), "too_many_messages");
}

TEST_F(RoomTest, who_has_no_share_left_for_inputs_has_one_for_messages) {
  make(Authority::server);
  Seat& player = join();
  Seat& server = join(wire::Role::Authority);
  for (std::size_t i = 0; i < limits::sender_direct_max; ++i) EXPECT_EQ(apply(player, on(ActionKind::Input, 0)), "");
  EXPECT_EQ(apply(player, on(ActionKind::Input, 0)), "too_many_messages");
  Action message = on(ActionKind::Message, 0);
  message.audience = wire::Audience::Authority;
  for (std::size_t i = 0; i < limits::sender_direct_max; ++i) EXPECT_EQ(apply(player, message), "");
  EXPECT_EQ(apply(player, message), "too_many_messages");
  room->acknowledge(server, server.direct.last());
  EXPECT_EQ(apply(player, on(ActionKind::Input, 0)), "");
  EXPECT_EQ(apply(player, message), "");
}

// Else its prediction would wait for ever.
TEST_F(RoomTest, an_input_that_no_authority_was_told_of_is_answered_with_what_it_writes_next) {
  make(Authority::server);
  Seat& player = join();
  Seat& server = join(wire::Role::Authority);
  EXPECT_EQ(apply(player, on(ActionKind::Input, 0)), "");
  const std::uint32_t told = player.applied_seq;
  room->disconnect(server);
  EXPECT_EQ(apply(player, on(ActionKind::Input, 0)), "");
  const std::uint32_t untold = player.applied_seq;
  room->connect(server, 2);
  room->advance(2);
  EXPECT_EQ(apply(server, set(player.entity)), "");
  EXPECT_EQ(player.answered_seq, 0U) << "one of before is still to be acknowledged";
  room->acknowledge(server, server.direct.last());
  EXPECT_EQ(apply(server, set(player.entity)), "");
  EXPECT_EQ(player.answered_seq, told);
  room->advance(3);
  EXPECT_EQ(apply(server, set(player.entity)), "");
  EXPECT_EQ(player.answered_seq, untold);
}

TEST_F(RoomTest, ids_that_nobody_used_are_anothers) {
  make(Authority::player);
  Seat& first = join();
  Seat& second = join();
  const EntityId unused = first.block.first, used = second.block.first;
  EXPECT_EQ(apply(second, spawn(used)), "");
  room->end_seat(first.number, CloseCode::normal, "left");
  room->end_seat(second.number, CloseCode::normal, "left");
  Seat& third = join();
  EXPECT_EQ(third.block.first, unused);
  EXPECT_GT(join().block.first, used);
  EXPECT_EQ(apply(third, spawn(unused + limits::ids_per_block / 2)), "");
  EXPECT_GT(third.next_block.first, third.block.first) << "ids go upwards";
}

TEST_F(RoomTest, an_authority_hears_more_players_than_another_seat_holds_messages) {
  RoomSettings settings;
  settings.max_players = 1'100;
  make(Authority::server, nullptr, std::move(settings));
  Seat& server = join(wire::Role::Authority);
  for (int i = 0; i < 1'050; ++i) EXPECT_EQ(apply(join(), on(ActionKind::Input, 0)), "");
  EXPECT_EQ(server.direct.size(), 1'050U);
  EXPECT_EQ(server.direct.first(), 1U);
}

TEST_F(RoomTest, what_an_authority_did_not_hear_at_once_it_does_not_hear_later) {
  make(Authority::server);
  Seat& player = join();
  Seat& server = join(wire::Role::Authority);
  room->disconnect(server);
  Action message = on(ActionKind::Message, 0);
  message.audience = wire::Audience::Authority;
  EXPECT_EQ(apply(player, on(ActionKind::Input, 0)), "") << "an input without a receiver is no fault";
  EXPECT_EQ(apply(player, message), "");
  ASSERT_EQ(server.direct.size(), 1U);
  EXPECT_EQ(server.direct.at(1).kind, EventKind::Message);
}

TEST_F(RoomTest, spawns_take_ids_of_their_blocks_in_increasing_order) {
  make(Authority::player);
  Seat& a = join();
  Seat& b = join();
  EXPECT_EQ(apply(a, spawn(a.block.first + 5)), "");
  EXPECT_EQ(apply(a, spawn(a.block.first + 5)), "bad_id");
  EXPECT_EQ(apply(a, spawn(a.block.first + 4)), "bad_id");
  EXPECT_EQ(apply(a, spawn(b.block.first)), "bad_id");
  EXPECT_EQ(a.next_block.count, 0U);
  EXPECT_EQ(apply(a, spawn(a.block.first + limits::ids_per_block / 2)), "");
  EXPECT_EQ(a.next_block.count, limits::ids_per_block) << "granted when half is used";
  EXPECT_EQ(apply(a, spawn(a.next_block.first)), "");
}

}  // namespace
}  // namespace tickrelay
