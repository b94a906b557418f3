#include "relay/core/room.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>

#include "schema_text.h"

namespace tickrelay {
namespace {

using wire::ActionKind;

struct Deaf final : RoomObserver {
  void seat_taken(const Room&, const Seat&) override { ++taken; }
  void seat_dropped(const Room&, const Seat&) override {}
  void seat_resumed(const Room&, const Seat&) override {}
  void seat_ended(const Room&, const Seat&, CloseCode code, std::string_view) override { ++ended, last = code; }
  void message(const Room&, PlayerNumber, const Event&) override {}
  int taken = 0, ended = 0;
  CloseCode last{};
};

struct RoomTest : testing::Test {
  Deaf observer;
  std::unique_ptr<Room> room;
  std::int32_t value = 5;

  void make(Authority authority, std::unique_ptr<Logic> logic = nullptr, RoomSettings settings = {}) {
    settings.layout = test::layout_of("struct Body (player) { a: int; }");
    settings.authority = authority;
    settings.grace_ms = 1000;
    room = std::make_unique<Room>(settings, std::move(logic), 1, observer);
    room->advance(1);
  }
  Seat& join(wire::Role role = wire::Role::Player) {
    return *room->find(room->take_seat({.player_id = {}, .role = role, .session = "s"}, 1));
  }
  // What it was refused with; empty where it was done.
  std::string apply(Seat& seat, Action action) {
    action.seq = seat.applied_seq + 1;
    const EventNumber before = seat.direct.last();
    room->apply(seat, action);
    return seat.direct.last() == before || seat.direct.at(before + 1).kind != EventKind::Failure
               ? ""
               : seat.direct.at(before + 1).type;
  }
  [[nodiscard]] Action set(EntityId entity) const {
    return {.kind = ActionKind::Set,
            .component = first_schema_component,
            .entity = entity,
            .mask = 1,
            .data = std::as_bytes(std::span(&value, 1)),
            .type = {}};
  }
  [[nodiscard]] Action spawn(EntityId entity, bool keep = false) const {
    Action action = set(entity);
    action.kind = ActionKind::Spawn;
    if (keep) action.flags = wire::ActionFlags::Keep;
    return action;
  }
  static Action on(ActionKind kind, EntityId entity) {
    return {.kind = kind, .entity = entity, .data = {}, .type = {}};
  }
};

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

TEST_F(RoomTest, a_player_writes_what_it_owns_and_nothing_else) {
  make(Authority::player);
  Seat& a = join();
  Seat& b = join();
  EXPECT_EQ(apply(a, set(a.entity)), "");
  EXPECT_EQ(apply(b, set(a.entity)), "not_owner");
  EXPECT_EQ(apply(a, set(0)), "not_owner");
  EXPECT_EQ(apply(a, set(99'999)), "no_such_entity");
}

TEST_F(RoomTest, nobody_writes_the_relays_own_components) {
  make(Authority::player);
  Seat& a = join();
  Action action = set(a.entity);
  for (action.component = 0; action.component < first_schema_component; ++action.component)
    EXPECT_EQ(apply(a, action), "no_such_component");
  action.component = 60;
  EXPECT_EQ(apply(a, action), "no_such_component");
}

TEST_F(RoomTest, values_that_do_not_fit_are_refused) {
  make(Authority::player);
  Seat& a = join();
  Action action = set(a.entity);
  action.mask = 2;
  EXPECT_EQ(apply(a, action), "bad_value");
  action.mask = 1;
  action.data = action.data.first(3);
  EXPECT_EQ(apply(a, action), "bad_value");
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

TEST_F(RoomTest, with_a_logic_no_connection_writes) {
  make(Authority::logic, std::make_unique<Logic>());
  Seat& a = join();
  EXPECT_EQ(apply(a, set(a.entity)), "not_allowed");
  EXPECT_EQ(apply(a, on(ActionKind::Claim, a.entity)), "not_allowed");
  EXPECT_EQ(room->write(a.entity, first_schema_component, 1, std::as_bytes(std::span(&value, 1))), Refusal::none);
}

TEST_F(RoomTest, a_made_player_id_is_nobody_elses) {
  make(Authority::player);
  const Seat& first = join();
  const std::string wanted = "player-" + std::to_string(first.number + 2);
  ASSERT_NE(room->take_seat({.player_id = wanted, .session = "s"}, 1), 0U);
  EXPECT_EQ(join().player_id, wanted + "-2");
  EXPECT_EQ(join().player_id, "player-" + std::to_string(first.number + 3));
}

TEST_F(RoomTest, who_is_named_twice_hears_a_message_once) {
  make(Authority::player);
  Seat& a = join();
  Seat& b = join();
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(builder.CreateVector(std::vector<std::uint32_t>{b.number, b.number, b.number}));
  const auto* to = flatbuffers::GetRoot<flatbuffers::Vector<std::uint32_t>>(builder.GetBufferPointer());
  EXPECT_EQ(apply(a, {.kind = ActionKind::Message, .data = {}, .type = "said", .audience = wire::Audience::Players, .to = to}), "");
  EXPECT_EQ(b.direct.last(), 1U);
}

TEST_F(RoomTest, what_is_hidden_from_a_player_is_not_there_for_its_actions) {
  RoomSettings settings;
  settings.views = true;
  make(Authority::player, nullptr, settings);
  Seat& a = join();
  Seat& b = join();
  Action hidden = spawn(a.block.first);
  hidden.flags = wire::ActionFlags::Private;
  ASSERT_EQ(apply(a, hidden), "");
  EXPECT_EQ(apply(b, set(a.block.first)), apply(b, set(a.block.first + 1)));
  EXPECT_EQ(apply(b, on(ActionKind::Despawn, a.block.first)), "no_such_entity");
  EXPECT_EQ(apply(a, set(a.block.first)), "");
}

TEST_F(RoomTest, a_spectator_only_looks) {
  make(Authority::player);
  Seat& a = join(wire::Role::Spectator);
  EXPECT_EQ(apply(a, set(a.entity)), "not_allowed");
  EXPECT_EQ(apply(a, spawn(a.block.first)), "not_allowed");
  EXPECT_EQ(apply(a, on(ActionKind::Input, 0)), "not_allowed");
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

TEST_F(RoomTest, what_a_player_leaves_behind_goes_unless_it_is_to_stay) {
  make(Authority::player);
  Seat& a = join();
  const EntityId goes = a.block.first, stays = a.block.first + 1, own = a.entity;
  apply(a, spawn(goes));
  apply(a, spawn(stays, true));
  room->end_seat(a.number, CloseCode::normal, "left");
  EXPECT_FALSE(room->world().has(goes));
  EXPECT_FALSE(room->world().has(own));
  ASSERT_TRUE(room->world().has(stays));
  EXPECT_EQ(room->world().owner(stays), 0U);
  Seat& b = join();
  Seat& c = join();
  EXPECT_EQ(apply(b, on(ActionKind::Claim, stays)), "");
  EXPECT_EQ(apply(c, on(ActionKind::Claim, stays)), "not_owner");
  EXPECT_EQ(apply(b, set(stays)), "");
}

TEST_F(RoomTest, a_seats_entity_and_the_rooms_cannot_be_despawned) {
  make(Authority::player);
  Seat& a = join();
  EXPECT_EQ(apply(a, on(ActionKind::Despawn, a.entity)), "not_allowed");
  EXPECT_NE(apply(a, on(ActionKind::Despawn, 0)), "");
  EXPECT_NE(apply(a, on(ActionKind::Claim, 0)), "");
}

TEST_F(RoomTest, a_repeated_action_is_applied_once) {
  make(Authority::player);
  Seat& a = join();
  Action say{.kind = ActionKind::Message, .seq = 3, .data = {}, .type = "said", .audience = wire::Audience::All};
  room->apply(a, say);
  room->apply(a, say);
  say.seq = 2;
  room->apply(a, say);
  EXPECT_EQ(room->events().last(), 1U);
  EXPECT_EQ(a.applied_seq, 3U);
}

TEST_F(RoomTest, a_seat_outlives_its_connection_for_its_grace) {
  make(Authority::player);
  Seat& a = join();
  const PlayerNumber number = a.number;
  room->disconnect(a);
  room->advance(20);  // 20 Hz, a second of grace from tick 1
  ASSERT_NE(room->find(number), nullptr);
  room->advance(21);
  EXPECT_EQ(room->find(number), nullptr);
  EXPECT_EQ(observer.ended, 1);
  EXPECT_EQ(observer.last, CloseCode::session_unknown);
}

TEST_F(RoomTest, a_connected_seat_has_no_end) {
  make(Authority::player);
  const PlayerNumber number = join().number;
  room->disconnect(*room->find(number));
  room->connect(*room->find(number), 2);
  room->advance(1000);
  EXPECT_NE(room->find(number), nullptr);
}

struct Counting final : Logic {
  explicit Counting(std::uint32_t& ticks) : ticks(ticks) {}
  void on_tick(Room&, std::uint32_t passed) override { ticks += passed; }
  std::uint32_t& ticks;
};

TEST_F(RoomTest, a_logic_hears_of_every_tick_that_went_by) {
  std::uint32_t ticks = 0;
  make(Authority::logic, std::make_unique<Counting>(ticks));
  room->advance(2);
  room->advance(7);
  EXPECT_EQ(ticks, 7U);
}

struct Bouncer final : Logic {
  void on_open(Room& room, const Seat& seat) override { room.kick(seat.number, "not you"); }
};

TEST_F(RoomTest, a_logic_may_end_a_seat_while_it_opens) {
  make(Authority::logic, std::make_unique<Bouncer>());
  const PlayerNumber number = room->take_seat({.player_id = "a", .session = "s"}, 1);
  EXPECT_NE(number, 0U);
  EXPECT_EQ(room->find(number), nullptr);
  EXPECT_EQ(observer.ended, 1);
}

TEST_F(RoomTest, an_unknown_component_spawns_nothing) {
  make(Authority::logic, std::make_unique<Logic>());
  EntityId id = 0;
  EXPECT_EQ(room->spawn(0, 999, {}, false, id), Refusal::no_such_component);
}

TEST_F(RoomTest, a_base_counts_only_within_this_timeline) {
  make(Authority::player);
  room->advance(10);
  EXPECT_EQ(room->effective({1, 8}), 8U);
  EXPECT_EQ(room->effective({1, 11}), 0U) << "of the future";
  EXPECT_EQ(room->effective({2, 8}), 0U) << "of a later term";
  EXPECT_EQ(room->effective({0, 8}), 0U) << "of no term";
}

TEST(RoomQuat, a_write_of_some_of_the_four_is_one_of_all) {
  Deaf observer;
  RoomSettings settings;
  settings.layout = test::layout_of("struct Body (player) { a: int; q: [float:4] (quat, precision: \"0.1\"); }");
  Room room(settings, nullptr, 1, observer);
  room.advance(1);
  const Seat& seat = *room.find(room.take_seat({.player_id = {}, .role = wire::Role::Player, .session = "s"}, 1));
  const auto turn = [&] {
    std::array<float, 4> four;
    std::memcpy(four.data(), room.world().get(seat.entity, first_schema_component).data() + 4, 16);
    return four;
  };
  EXPECT_EQ(turn(), (std::array<float, 4>{0, 0, 0, 1})) << "at first";
  const std::array<float, 1> x = {0.75F};
  ASSERT_EQ(room.write(seat.entity, first_schema_component, 0b00010, std::as_bytes(std::span(x))), Refusal::none);
  EXPECT_EQ(turn(), (std::array<float, 4>{static_cast<float>(6 * 0.1), 0, 0, static_cast<float>(std::sqrt(1 - 6 * 0.1 * (6 * 0.1)))}))
      << "0.75 0 0 1, of length 1";
  const std::array<float, 1> bad = {NAN};
  EXPECT_EQ(room.write(seat.entity, first_schema_component, 0b10000, std::as_bytes(std::span(bad))), Refusal::bad_value);
}

}  // namespace
}  // namespace tickrelay
