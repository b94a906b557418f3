#include <gtest/gtest.h>

#include "one_relay.h"

namespace tickrelay {
namespace {

using test::ms;
using test::OneRelay;

struct Notes final : Keeper {
  void keep(RoomRecord& room, std::uint32_t term, std::span<const std::byte> bytes, bool runs_on, Then then) override {
    kept.push_back({room.id, term, runs_on, bytes.size()});
    if (then) answers.push_back(std::move(then));
  }
  void ended(RoomRecord& room) override { gone.push_back(room.id); }
  void set_aside(RoomRecord& room, std::string_view why) override { aside.push_back(room.id + ": " + std::string(why)); }
  struct Kept {
    std::string id;
    std::uint32_t term;
    bool runs_on;
    std::size_t bytes;
  };
  std::vector<Kept> kept;
  std::vector<Then> answers;
  std::vector<std::string> gone, aside;
};

RoomSettings settings_at(std::uint16_t rate) {
  RoomSettings settings;
  settings.tick_rate = settings.send_rate = rate;
  settings.grace_ms = 60'000;
  return settings;
}

struct Kept : OneRelay {
  explicit Kept(LogicFactory logic = built_in_logic("relay"), std::int64_t interval_ns = 1'000 * ms)
      : OneRelay(settings_at(20), std::move(logic)) {
    worker.keep_with(notes, interval_ns);
    open_and_join(1, "ada");
    step_ticks(25);  // wherever in the interval its turn is
  }
  void add_rooms(int count, const LogicFactory& of, std::uint16_t rate = 20) {
    for (int i = 1; i <= count; ++i) {
      RoomSettings settings = settings_at(rate);
      settings.empty_ttl_ms = 0;
      settings.layout = std::make_shared<const Layout>(std::vector<Component>());
      worker.place_of(lobby.create(std::move(settings), of, sockets.now, static_cast<std::uint64_t>(i) * 999), sockets.now);
    }
  }
  // Every room changes all the time.
  void play(std::int64_t for_ns, std::int64_t step_ns) {
    const std::int64_t until_ns = sockets.now + for_ns;
    while (sockets.now < until_ns) {
      for (const auto& each : worker.places())
        if (each->room) each->room->broadcast("said", {});
      step(step_ns);
    }
  }
  Worker::Place& place() { return *worker.places()[0]; }
  Notes notes;
};

TEST(Keep, a_room_that_changes_is_kept_once_an_interval) {
  Kept relay;
  EXPECT_EQ(relay.notes.kept.size(), 1U);
  const std::int64_t until_ns = relay.sockets.now + 5'000 * ms;
  while (relay.sockets.now < until_ns) {
    relay.room()->broadcast("said", {});
    relay.step_ticks(1);
  }
  EXPECT_GE(relay.notes.kept.size(), 5U);
  EXPECT_LE(relay.notes.kept.size(), 6U);
  EXPECT_TRUE(relay.notes.kept.back().runs_on);
  EXPECT_EQ(relay.worker_stats.checkpoints.read(), relay.notes.kept.size());
}

TEST(Keep, an_unchanged_room_is_not_kept_again_and_a_change_is_with_the_next_frames) {
  Kept relay;
  relay.loop.closed(1);  // who acknowledges nothing is closed at some time: that would be a change
  relay.step_ticks(50);
  relay.notes.kept.resize(1);
  relay.step_ticks(100);
  EXPECT_EQ(relay.notes.kept.size(), 1U);
  relay.room()->broadcast("said", {});
  relay.step_ticks(1);
  EXPECT_EQ(relay.notes.kept.size(), 2U);
  Room& room = *relay.room();
  const Seat& seat = *room.seats()[0];
  const auto again = [&] {
    relay.step_ticks(25);
    return relay.notes.kept.size();
  };
  EXPECT_EQ(again(), 2U);
  room.send(seat.number, "told", {});
  EXPECT_EQ(again(), 3U) << "a message to one player";
  room.set_team(seat.number, 3);
  EXPECT_EQ(again(), 4U) << "a team";
  room.look_from(seat.number, Point{1, 2, 3});
  EXPECT_EQ(again(), 5U) << "where a player looks from";
  const std::string metadata = R"({"map":"snow"})";
  room.update(&metadata, nullptr, nullptr, nullptr);
  EXPECT_EQ(again(), 6U) << "a setting";
  EXPECT_EQ(again(), 6U);
}

struct Saves final : Logic {
  explicit Saves(std::function<std::byte()> what) : what(std::move(what)) {}
  std::vector<std::byte> save(const Room&) override { return {what()}; }
  std::function<std::byte()> what;
};

TEST(Keep, what_a_logic_alone_knows_is_a_change_too) {
  std::byte value{};
  Kept relay([&value] { return std::make_unique<Saves>([&value] { return value; }); });
  relay.step_ticks(60);
  EXPECT_EQ(relay.notes.kept.size(), 1U);
  value = std::byte{7};
  relay.step_ticks(25);
  EXPECT_EQ(relay.notes.kept.size(), 2U);
}

TEST(Keep, checkpoints_that_take_long_come_less_often) {
  OneRelay* clock = nullptr;
  // 10 ms each, and it is asked twice for one: a twentieth of the time allows one in 0.4 s.
  Kept relay([&clock] {
    return std::make_unique<Saves>([&clock] {
      if (clock != nullptr) clock->sockets.now += 10 * ms;
      return std::byte{1};
    });
  }, 100 * ms);
  clock = &relay;
  const std::size_t before = relay.notes.kept.size();
  const std::int64_t began_ns = relay.sockets.now;
  while (relay.sockets.now < began_ns + 20'000 * ms) {
    relay.room()->broadcast("said", {});
    relay.step_ticks(1);
  }
  const std::size_t kept = relay.notes.kept.size() - before;
  EXPECT_GE(kept, 35U);
  EXPECT_LE(kept, 55U) << "and not 200";
}

TEST(Keep, where_the_time_is_short_everyone_has_a_turn) {
  bool slow = false;
  OneRelay* clock = nullptr;
  const LogicFactory logic = [&] {
    return std::make_unique<Saves>([&] {
      if (slow) clock->sockets.now += 10 * ms;
      return std::byte{1};
    });
  };
  Kept relay(logic, 100 * ms);
  clock = &relay;
  relay.add_rooms(4, logic);
  relay.step_ticks(5);
  slow = true;
  relay.notes.kept.clear();
  const std::int64_t began_ns = relay.sockets.now;
  while (relay.sockets.now < began_ns + 40'000 * ms) {
    for (const auto& place : relay.worker.places()) place->room->broadcast("said", {});
    relay.step_ticks(1);
  }
  std::map<std::string, int> times;
  for (const auto& kept : relay.notes.kept) ++times[kept.id];
  ASSERT_EQ(times.size(), 5U);
  for (const auto& [id, count] : times) EXPECT_GE(count, 12) << id << " of " << relay.notes.kept.size();
}

TEST(Keep, a_moment_without_time_holds_nobody_up_for_long) {
  OneRelay* clock = nullptr;
  bool slow = false;
  const LogicFactory logic = [&] {
    return std::make_unique<Saves>([&] {
      if (slow) clock->sockets.now += 100 * ms;
      return std::byte{1};
    });
  };
  Kept relay(logic);
  clock = &relay;
  relay.add_rooms(200, logic, 5);
  slow = true;
  while (relay.worker_stats.checkpoints.read() == relay.notes.kept.size() && relay.notes.kept.size() < 5) relay.play(100 * ms, 4 * ms);
  slow = false;  // the share of many seconds is spent, and all are due
  relay.play(25'000 * ms, 10 * ms);
  relay.notes.kept.clear();
  relay.play(10'000 * ms, 4 * ms);
  EXPECT_GE(relay.notes.kept.size(), 201U * 8) << "ten seconds of an interval of one";
  EXPECT_LE(relay.notes.kept.size(), 201U * 11);
}

TEST(Keep, the_age_of_what_is_not_durable_is_told) {
  Kept relay;
  relay.step_ticks(40);
  EXPECT_GT(relay.worker_stats.checkpoint_age_s.read(), 1.0) << "nobody said that it is durable";
  for (const auto& answer : relay.notes.answers) answer(true);
  relay.step_ticks(25);
  EXPECT_EQ(relay.worker_stats.checkpoint_age_s.read(), 0);
}

TEST(Keep, a_hand_over_keeps_the_room_as_its_players_have_it_and_lets_it_go) {
  Kept relay;
  relay.worker.hand_over(relay.place(), CloseCode::restarting, "the relay restarts");
  EXPECT_NE(relay.room(), nullptr) << "after its next frames";
  relay.step_ticks(1);
  EXPECT_EQ(relay.room(), nullptr);
  EXPECT_FALSE(relay.notes.kept.back().runs_on);
  EXPECT_EQ(relay.sockets.closed.at(1).code, CloseCode::restarting);
  EXPECT_TRUE(relay.notes.gone.empty()) << "it has not ended";
}

TEST(Keep, a_parked_room_keeps_its_connections_and_no_grace_runs_out) {
  Kept relay;
  relay.open_and_join(2, "bob");
  relay.step_ticks(2);
  relay.loop.closed(1);
  relay.step_ticks(1);
  relay.worker.park(relay.place(), {});
  relay.step_ticks(1);
  ASSERT_TRUE(relay.place().parked);
  const std::int64_t until_ns = relay.sockets.now + 61'000 * ms;
  while (relay.sockets.now < until_ns) relay.worker.step(relay.sockets.now += 50 * ms);
  EXPECT_EQ(relay.place().placed.size(), 1U) << "bob is told where it went, or that it goes on here";
  relay.worker.unpark(relay.place(), "it goes on here");
  relay.step_ticks(2);
  EXPECT_NE(relay.room()->find_player("ada"), nullptr) << "she could not come back meanwhile";
}

TEST(Keep, the_grace_of_who_was_lost_while_a_room_was_parked_begins_when_it_goes_on) {
  Kept relay;
  relay.open_and_join(2, "bob");
  relay.step_ticks(2);
  relay.worker.park(relay.place(), {});
  relay.step_ticks(1);
  ASSERT_TRUE(relay.place().parked);
  relay.loop.closed(2);
  relay.step_ticks(2);
  EXPECT_TRUE(relay.room()->find_player("bob")->connected()) << "the room stands still";
  relay.worker.unpark(relay.place(), "it goes on here");
  relay.step_ticks(1);
  EXPECT_FALSE(relay.room()->find_player("bob")->connected());
  EXPECT_GT(relay.room()->find_player("bob")->expires, relay.room()->tick());
}

TEST(Keep, a_room_that_ends_is_told_and_who_waits_for_it_gets_no_answer) {
  Kept relay;
  const auto waits = std::make_shared<int>(0);
  relay.worker.keep_at_next_send(relay.place(), [waits](bool) {});
  EXPECT_EQ(waits.use_count(), 2);
  relay.worker.close_room(relay.place(), CloseCode::room_closed, "closed");
  EXPECT_EQ(relay.notes.gone.size(), 1U);
  EXPECT_EQ(waits.use_count(), 1) << "a promise inside it is broken";
}

}  // namespace
}  // namespace tickrelay
