#include "room_fixture.h"

#include <array>
#include <cmath>
#include <cstring>

namespace tickrelay {
namespace {

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

TEST_F(RoomTest, ticks_in_which_nobody_could_come_count_for_no_grace) {
  make(Authority::player);
  Seat& a = join();
  const PlayerNumber number = a.number;
  room->disconnect(a);
  room->advance(11);
  room->forgive(500);
  room->advance(520);  // 20 Hz, a second of grace from tick 1, and 500 ticks
  ASSERT_NE(room->find(number), nullptr);
  room->advance(521);
  EXPECT_EQ(room->find(number), nullptr);
}

TEST_F(RoomTest, nor_for_how_long_a_room_may_be_empty) {
  RoomSettings settings;
  settings.empty_ttl_ms = 1000;
  make(Authority::player, nullptr, settings);
  room->advance(11);
  room->forgive(500);
  room->advance(519);
  EXPECT_FALSE(room->expired());
  room->advance(520);
  EXPECT_TRUE(room->expired());
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
