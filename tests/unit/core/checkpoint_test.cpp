#include "relay/core/checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "relay/core/room.h"
#include "schema_text.h"

namespace tickrelay {
namespace {

using wire::ActionKind;

struct DeafToRestores final : RoomObserver {
  void seat_taken(const Room&, const Seat&) override {}
  void seat_dropped(const Room&, const Seat&) override {}
  void seat_resumed(const Room&, const Seat&) override {}
  void seat_ended(const Room&, const Seat&, CloseCode, std::string_view) override {}
  void message(const Room&, PlayerNumber, const Event&) override {}
};

struct Remembering final : Logic {
  std::vector<std::byte> save(const Room&) override { return bytes; }
  void restore(Room&, std::span<const std::byte> saved) override { bytes.assign(saved.begin(), saved.end()); }
  void on_tick(Room&, std::uint32_t went_by) override { passed = went_by; }
  [[nodiscard]] bool takes_messages() const override { return false; }
  std::vector<std::byte> bytes;
  std::uint32_t passed = 0;
};

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

struct CheckpointTest : testing::Test {
  DeafToRestores observer;
  std::unique_ptr<Room> room;
  CheckpointWriter writer;
  Remembering* logic = nullptr;
  LayoutPointer layout;

  // One of everything that a room can hold.
  void SetUp() override {
    RoomSettings settings;
    settings.id = "arena-1";
    settings.type = "arena";
    settings.metadata = R"({"map":"dust"})";
    settings.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    settings.tick_rate = 60;
    settings.send_rate = 20;
    settings.history = 7;
    settings.is_private = true;
    settings.layout = test::layout_of(
        "struct Body (player) { a: byte; x: float (precision: \"0.01\", min: \"-10\", max: \"10\"); yaw: float (angle);"
        " n: long (max: \"5\"); q: [float:4] (quat); ok: bool; } table Name { text: string; }");
    auto made = std::make_unique<Remembering>();
    logic = made.get();
    logic->bytes.assign(bytes_of("score 3").begin(), bytes_of("score 3").end());
    layout = settings.layout;
    room = std::make_unique<Room>(settings, std::move(made), 3, observer);
    room->advance(1);
    const PlayerNumber ada = join("ada", wire::Role::Player), bob = join("bob", wire::Role::Spectator);
    Seat& seat = *room->find(ada);
    spawn(seat, seat.block.first, true);
    spawn(seat, seat.block.first + 3000, false);  // a further block is granted
    spawn(seat, seat.block.first + 3001, false);
    room->despawn(seat.block.first + 3001);
    ASSERT_EQ(room->write(seat.entity, name(), 0, bytes_of("a name")), Refusal::none);
    room->broadcast("said", bytes_of("hello"), ada, true);
    room->broadcast("said", {}, 0);
    room->send(bob, "told", bytes_of("psst"), ada);
    room->end_seat(join("eve", wire::Role::Player), CloseCode::normal, "left");
    room->advance(4);
  }

  static constexpr ComponentIndex body() { return first_schema_component; }
  static constexpr ComponentIndex name() { return first_schema_component + 1; }
  PlayerNumber join(std::string id, wire::Role role) {
    return room->take_seat({.player_id = id, .role = role, .session = "secret of " + id, .options = R"({"hat":1})"}, 1);
  }
  void spawn(Seat& seat, EntityId id, bool keep) {
    const auto value = value_of(static_cast<std::byte>(id));
    Action action = spawn_of(id, value);
    action.seq = seat.applied_seq + 1;
    if (keep) action.flags = wire::ActionFlags::Keep;
    room->apply(seat, action);
    ASSERT_TRUE(room->world().has(id));
  }
  [[nodiscard]] std::vector<std::byte> value_of(std::byte first) const {
    std::vector<std::byte> value(layout->component(body()).packed_bytes(layout->component(body()).all()));
    value[0] = first;
    return value;
  }
  [[nodiscard]] Action spawn_of(EntityId id, std::span<const std::byte> value) const {
    Action action;
    action.kind = ActionKind::Spawn;
    action.component = body();
    action.entity = id;
    action.mask = layout->component(body()).all();
    action.data = value;
    return action;
  }
  std::vector<std::byte> write(const Room& from) {
    const auto bytes = writer.write(from);
    return {bytes.begin(), bytes.end()};
  }
  SavedRoomPointer read(std::span<const std::byte> bytes) {
    auto state = read_checkpoint(bytes);
    if (const auto* error = std::get_if<std::string>(&state)) ADD_FAILURE() << *error;
    return std::holds_alternative<std::string>(state) ? nullptr : std::get<SavedRoomPointer>(std::move(state));
  }
  std::unique_ptr<Room> restore(std::span<const std::byte> bytes, const Restore& how) {
    auto made = std::make_unique<Remembering>();
    logic = made.get();
    const SavedRoomPointer state = read(bytes);
    auto made_room = std::make_unique<Room>(std::move(*state), how, std::move(made), observer);
    made_room->restore_logic(state->logic);
    return made_room;
  }
};

void expect_same(const EventLog& a, const EventLog& b) {
  ASSERT_EQ(a.first(), b.first());
  ASSERT_EQ(a.last(), b.last());
  ASSERT_EQ(a.size(), b.size());
  for (EventNumber n = a.first(); n <= a.last(); n = a.continues_at(n) + 1) {
    EXPECT_EQ(a.at(n).type, b.at(n).type);
    EXPECT_EQ(a.at(n).data, b.at(n).data);
    EXPECT_EQ(a.at(n).player, b.at(n).player);
    EXPECT_EQ(a.at(n).kind, b.at(n).kind);
    EXPECT_EQ(a.at(n).skip_sender, b.at(n).skip_sender);
  }
}

// All but the roster, which says who is connected.
void expect_same(const World& a, const World& b) {
  ASSERT_EQ(a.layout().fingerprint(), b.layout().fingerprint());
  ASSERT_EQ(a.size(), b.size());
  for (ComponentIndex c = 0; c < a.layout().components().size(); ++c) {
    ASSERT_EQ(a.rows(c).size(), b.rows(c).size());
    for (const EntityId id : a.rows(c).ids()) {
      ASSERT_TRUE(b.has(id, c));
      EXPECT_TRUE(c == player_component || std::ranges::equal(a.get(id, c), b.get(id, c)))
          << "entity " << id << ", component " << c;
    }
  }
}

TEST_F(CheckpointTest, comes_back_as_it_was) {
  const auto bytes = write(*room);
  const SavedRoomPointer state = read(bytes);
  ASSERT_TRUE(state);
  const RoomSettings& settings = state->settings;
  EXPECT_EQ(settings.id, "arena-1");
  EXPECT_EQ(settings.metadata, R"({"map":"dust"})");
  EXPECT_EQ(settings.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(settings.tick_rate, 60);
  EXPECT_EQ(settings.send_rate, 20);
  EXPECT_EQ(settings.history, 7U);
  EXPECT_TRUE(settings.is_private);
  EXPECT_EQ(state->tick, 4U);
  EXPECT_EQ(state->term, 3U);
  EXPECT_EQ(state->next_number, 4U) << "three came";
  ASSERT_EQ(state->seats.size(), 2U);
  expect_same(state->world, room->world());
  expect_same(state->events, room->events());
  for (std::size_t i = 0; i < 2; ++i) {
    const Seat &was = *room->seats()[i], &is = *state->seats[i];
    EXPECT_EQ(is.player_id, was.player_id);
    EXPECT_EQ(is.session, was.session);
    EXPECT_EQ(is.options, was.options);
    EXPECT_EQ(is.role, was.role);
    EXPECT_EQ(is.applied_seq, was.applied_seq);
    EXPECT_EQ(is.last_spawned, was.last_spawned);
    EXPECT_EQ(is.block.first, was.block.first);
    EXPECT_EQ(is.next_block.first, was.next_block.first);
    expect_same(is.direct, was.direct);
  }
}

TEST_F(CheckpointTest, a_hand_over_loses_nothing) {
  const EventNumber last = room->events().last();
  const auto after = restore(write(*room), {.term = 4, .tick = 4, .lost_terms = 0});
  EXPECT_EQ(after->term(), 4U);
  EXPECT_EQ(after->tick(), 4U);
  EXPECT_EQ(after->events().last(), last);
  EXPECT_EQ(logic->bytes, std::vector(bytes_of("score 3").begin(), bytes_of("score 3").end()));
  expect_same(after->world(), room->world());
  for (Tick have = 1; have <= 4; ++have)
    EXPECT_EQ(after->effective({3, have}), have) << "all of it is of this timeline";
  for (const auto& seat : after->seats()) EXPECT_FALSE(seat->connected());
  // Who has the checkpoint's tick gets what came after it, nothing else.
  after->advance(5);
  std::size_t changed = 0;
  for (ComponentIndex c = 0; c < after->world().layout().components().size(); ++c)
    changed += static_cast<std::size_t>(
        std::ranges::count_if(after->world().rows(c).newest(), [](Tick tick) { return tick > 4; }));
  EXPECT_EQ(changed, 2U) << "the two players' rows say that they are away";
}

TEST_F(CheckpointTest, values_written_since_the_tick_are_stamped_above_it) {
  const Seat& ada = *room->seats()[0];
  ASSERT_EQ(room->write(ada.entity, name(), 0, bytes_of("another")), Refusal::none);  // belongs to tick 5
  const auto after = restore(write(*room), {.term = 4, .tick = 4, .lost_terms = 0});
  EXPECT_EQ(after->effective({3, 4}), 4U);
  EXPECT_EQ(after->world().newest(), 5U) << "else who has tick 4 would never get them";
}

TEST_F(CheckpointTest, a_crash_gives_no_number_twice) {
  const auto bytes = write(*room);
  Seat& ada = *room->find(1);
  const IdBlock next = ada.next_block;
  // The lost interval: everything is given out on.
  for (int i = 0; i < 3000; ++i) room->broadcast("lost", {});
  for (int i = 0; i < 500; ++i) room->send(1, "lost", {});
  const PlayerNumber lost_number = join("dan", wire::Role::Player);
  const EntityId lost_entity = room->find(lost_number)->entity, lost_block = room->find(lost_number)->block.first;
  for (EntityId id = next.first; id < next.first + 2048; ++id) spawn(ada, id, false);
  room->advance(room->tick() + 2 * room->settings().tick_rate);
  const EntityId lost_next = ada.next_block.first;

  const auto after = restore(bytes, {.term = 9, .tick = 100, .lost_terms = 1, .lost_ticks = 1});
  EXPECT_GT(after->events().last(), room->events().last());
  EXPECT_GT(after->find(1)->direct.last(), ada.direct.last());
  EXPECT_EQ(after->events().continues_at(4), after->events().last())
      << "who had the last of before is told where it goes on";
  const PlayerNumber number = after->take_seat({.player_id = "joe", .session = "s"}, 1);
  EXPECT_GT(number, lost_number);
  EXPECT_GT(after->find(number)->entity, std::max(lost_entity, lost_next + limits::ids_per_block));
  EXPECT_GT(after->find(number)->block.first, std::max(lost_block, lost_next));
  EXPECT_GT(after->find(1)->next_block.first, lost_next) << "a fresh one to go on with";
  after->advance(101);
  EXPECT_EQ(logic->passed, 97U) << "the time that passed";
}

TEST_F(CheckpointTest, what_a_player_sends_again_after_a_crash_is_done) {
  const auto bytes = write(*room);
  const auto after = restore(bytes, {.term = 4, .tick = 4, .lost_ticks = 1});
  room = nullptr;
  Seat& ada = *after->find(1);
  const auto value = value_of({});
  for (const EntityId id :
       {ada.old_block.first + 3100, ada.block.first + 5, ada.block.first + 4000, ada.next_block.first}) {
    Action action = spawn_of(id, value);
    action.seq = ada.applied_seq + 1;
    after->apply(ada, action);
    EXPECT_TRUE(after->world().has(id)) << id;
  }
}

TEST_F(CheckpointTest, another_client_of_a_seat_starts_with_fresh_ids) {
  const auto after = restore(write(*room), {.term = 4, .tick = 4, .lost_ticks = 1});
  Seat& ada = *after->find(1);
  const EntityId fresh = ada.next_block.first;
  after->renew_ids(ada);
  EXPECT_EQ(ada.block.first, fresh);
  after->renew_ids(ada);
  EXPECT_EQ(ada.block.first, fresh) << "once";
}

TEST_F(CheckpointTest, a_base_counts_while_it_is_of_this_timeline) {
  // Term 3 to tick 4, term 5 from there to tick 20, term 8 from there.
  auto five = restore(write(*room), {.term = 5, .tick = 10, .lost_ticks = 5});
  five->advance(20);
  auto eight = restore(write(*five), {.term = 8, .tick = 20, .lost_ticks = 5});
  eight->advance(30);
  EXPECT_EQ(eight->effective({3, 4}), 4U);
  EXPECT_EQ(eight->effective({3, 5}), 0U) << "above the start of a later term";
  EXPECT_EQ(eight->effective({5, 20}), 20U);
  EXPECT_EQ(eight->effective({5, 21}), 0U);
  EXPECT_EQ(eight->effective({8, 30}), 30U);
  EXPECT_EQ(eight->effective({8, 31}), 0U) << "above the present";
  EXPECT_EQ(eight->effective({9, 3}), 0U) << "of a term that is still to come";
  EXPECT_EQ(eight->effective({4, 3}), 0U) << "of a term that this room did not come through";
  EXPECT_EQ(eight->effective({0, 3}), 0U);
}

TEST_F(CheckpointTest, the_oldest_terms_are_forgotten) {
  auto at = std::move(room);
  for (std::uint32_t term = 4; term < 4 + limits::term_starts_max; ++term)
    at = restore(write(*at), {.term = term, .tick = 4, .lost_terms = 0});
  EXPECT_EQ(at->term_starts().size(), limits::term_starts_max);
  EXPECT_EQ(at->effective({3, 2}), 0U);
  EXPECT_EQ(at->effective({4, 2}), 2U);
}

TEST_F(CheckpointTest, a_gap_survives_the_next_checkpoint) {
  auto after = restore(write(*room), {.term = 4, .tick = 4, .lost_ticks = 1});
  after->broadcast("new", {});
  const SavedRoomPointer state = read(write(*after));
  ASSERT_TRUE(state);
  expect_same(state->events, after->events());
}

TEST_F(CheckpointTest, names_what_is_wrong) {
  EXPECT_EQ(std::get<std::string>(read_checkpoint({})), "checkpoint: is none (cut short, or of another program)");
  EXPECT_EQ(std::get<std::string>(read_checkpoint(bytes_of("no checkpoint, but long enough"))),
            "checkpoint: is none (cut short, or of another program)");
}

TEST_F(CheckpointTest, cut_short_it_is_refused) {
  const auto bytes = write(*room);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto read = read_checkpoint(std::span(bytes).first(size));
    EXPECT_TRUE(std::holds_alternative<std::string>(read)) << size;
  }
}

// Whatever reads as a room is one: it ticks, takes seats and ids, and can be written again.
TEST_F(CheckpointTest, any_bit_may_be_wrong) {
  auto bytes = write(*room);
  std::size_t rooms = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= std::byte{1} << bit % 8;
    auto read = read_checkpoint(bytes);
    bytes[bit / 8] ^= std::byte{1} << bit % 8;
    if (std::holds_alternative<std::string>(read)) {
      EXPECT_FALSE(std::get<std::string>(read).empty());
      continue;
    }
    ++rooms;
    SavedRoom& state = *std::get<SavedRoomPointer>(read);
    const Tick tick = state.tick;
    Room live(std::move(state), {.term = state.term + 1, .tick = tick, .lost_terms = bit % 2 == 0 ? 1U : 0U},
              std::make_unique<Remembering>(), observer);
    live.take_seat({}, 1);
    for (const auto& seat : live.seats()) live.renew_ids(*seat);
    for (int i = 0; i < 3; ++i) {
      EntityId id = 0;
      live.spawn(0, name(), {}, true, id);
    }
    live.advance(tick + 1);
    CheckpointWriter().write(live);
    live.end_all(CloseCode::normal, "");
    live.advance(tick + 2);
  }
  EXPECT_GT(rooms, bytes.size()) << "else this test shows little";
}

TEST(CheckpointOfViews, keeps_who_sees_what) {
  DeafToRestores observer;
  RoomSettings settings;
  settings.id = settings.type = "hidden";
  settings.layout = test::layout_of("struct Body (priority: \"7\") { x: float (position); }");
  settings.views = true;
  settings.view_radius = 50;
  settings.view_cell = 20;
  Room room(settings, nullptr, 1, observer);
  room.advance(1);
  const PlayerNumber player = room.take_seat({.player_id = "ada", .session = "s"}, 1);
  const float x = 3;
  EntityId shown = 0, hidden = 0;
  ASSERT_EQ(room.spawn(player, first_schema_component, std::as_bytes(std::span(&x, 1)), false, shown), Refusal::none);
  ASSERT_EQ(room.spawn(player, first_schema_component, std::as_bytes(std::span(&x, 1)), false, hidden), Refusal::none);
  ASSERT_EQ(room.show(hidden, {.by = SeenBy::players, .players = {9, player}}), Refusal::none);
  const Seat& seat = *room.seats()[0];
  EXPECT_EQ(room.show(seat.roster_entity, {.by = SeenBy::owner, .players = {}}), Refusal::not_allowed) << "the roster is everyone's";
  EXPECT_EQ(room.show(seat.entity, {.by = SeenBy::owner, .players = {}}), Refusal::none);
  EXPECT_EQ(room.despawn(seat.entity), Refusal::not_allowed);
  EXPECT_EQ(room.despawn(seat.roster_entity), Refusal::not_allowed);
  ASSERT_TRUE(room.set_team(player, 4) && room.look_from(player, Point{1, 2, 3}));

  CheckpointWriter writer;
  auto read = read_checkpoint(writer.write(room));
  ASSERT_TRUE(std::holds_alternative<SavedRoomPointer>(read)) << std::get<std::string>(read);
  Room restored(std::move(*std::get<SavedRoomPointer>(read)), {.term = 2, .tick = 5}, nullptr, observer);
  EXPECT_TRUE(restored.settings().views);
  EXPECT_EQ(restored.settings().view_radius, 50);
  EXPECT_EQ(restored.settings().view_cell, 20);
  EXPECT_EQ(restored.settings().layout->component(first_schema_component).priority, 7);
  ASSERT_NE(restored.views(), nullptr);
  ASSERT_NE(restored.visibilities().of(hidden), nullptr);
  EXPECT_EQ(*restored.visibilities().of(hidden), *room.visibilities().of(hidden));
  EXPECT_EQ(restored.visibilities().of(shown), nullptr);
  EXPECT_EQ(restored.find(player)->entity, seat.entity);
  EXPECT_EQ(restored.find(player)->roster_entity, seat.roster_entity);
  EXPECT_EQ(restored.find(player)->team, 4U);
  EXPECT_EQ(restored.find(player)->looks_from, (Point{1, 2, 3}));
  EXPECT_FALSE(restored.views()->can_continue(player, 1)) << "a view starts at base 0";
}

}  // namespace
}  // namespace tickrelay
