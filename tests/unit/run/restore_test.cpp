#include <gtest/gtest.h>

#include <stdexcept>

#include "one_relay.h"

namespace tickrelay {
namespace {

using test::OneRelay;

RoomSettings restored_settings() {
  RoomSettings settings;
  settings.grace_ms = 5000;
  return settings;
}

struct Throws final : Logic {
  std::vector<std::byte> save(const Room&) override { return std::vector<std::byte>(3); }
  void restore(Room&, std::span<const std::byte>) override { throw std::runtime_error("not like this"); }
};

// A relay with one player, and its room's bytes at the next send.
struct Source : OneRelay {
  explicit Source(LogicFactory logic = built_in_logic("relay")) : OneRelay(restored_settings(), std::move(logic)) {
    open_and_join(1, "ada");
    step_ticks(4);
  }
  std::vector<std::byte> checkpoint(bool let_go = false) {
    std::vector<std::byte> kept;
    worker.checkpoint_at_next_send(*worker.places()[0], [&kept, let_go](Worker& from, Worker::Place& at, auto bytes) {
      kept.assign(bytes.begin(), bytes.end());
      if (let_go) from.let_go(at, CloseCode::restarting, "");
    });
    EXPECT_TRUE(kept.empty()) << "not before its frames leave";
    step_ticks(1);
    return kept;
  }
};

// Another one, which takes it up.
struct Target : OneRelay {
  explicit Target(std::span<const std::byte> bytes, Restore how, LogicFactory logic = built_in_logic("relay"))
      : OneRelay([] {
          RoomSettings other;
          other.id = "unused";
          return other;
        }()) {
    auto state = read_checkpoint(bytes);
    how.tick += std::get<SavedRoomPointer>(state)->tick;
    gate.room = lobby.restore(std::get<SavedRoomPointer>(std::move(state)), how, std::move(logic), sockets.now);
    place = worker.place_of(gate.room, sockets.now);
  }
  Worker::Place* place = nullptr;
};

TEST(Restore, a_room_goes_on_with_its_seats_and_its_clock) {
  Source source;
  const auto bytes = source.checkpoint();
  ASSERT_FALSE(bytes.empty());
  const Tick tick = source.room()->tick();
  Target target(bytes, {.term = 2, .tick = 10, .lost_ticks = 10});
  ASSERT_NE(target.place, nullptr);
  EXPECT_EQ(target.gate.room->seats_taken, 1U);
  EXPECT_EQ(target.room()->tick(), tick + 10);
  target.step_ticks(2);
  EXPECT_GE(target.room()->tick(), tick + 11);
  EXPECT_LE(target.room()->tick(), tick + 13) << "no ticks are caught up";
  target.loop.opened(2);
  target.join(2, "", wire::JoinMode::Resume, "session-1");
  target.step_ticks(2);
  EXPECT_TRUE(target.room()->find_player("ada")->connected());
  EXPECT_EQ(target.worker_stats.players.read(), 1);
}

TEST(Restore, let_go_closes_connections_and_ends_no_seat) {
  Source source;
  const auto bytes = source.checkpoint(/*let_go*/ true);
  EXPECT_EQ(source.room(), nullptr);
  EXPECT_EQ(source.lobby.size(), 0U);
  EXPECT_EQ(source.sockets.closed.at(1).code, CloseCode::restarting);
  EXPECT_EQ(source.worker_stats.players.read(), 0);
  EXPECT_EQ(std::get<SavedRoomPointer>(read_checkpoint(bytes))->seats.size(), 1U);
}

TEST(Restore, who_was_ahead_is_counted_as_rolled_back_and_a_plain_resume_is_not) {
  Source source;
  const auto bytes = source.checkpoint();
  const auto resumes = [&](Base have, ResumeResult result) {
    Target target(bytes, {.term = 2, .tick = 5, .lost_ticks = 5});
    target.loop.opened(2);
    target.send(2, wire::Body::Join, [&](auto& b) {
      return wire::CreateJoinDirect(b, 1, wire::JoinMode::Resume, target.gate.room->id.c_str(), "", "",
                                    wire::Role::Player, "{}", "", "session-1", 0, have.term, have.tick);
    });
    target.step();
    return target.worker_stats.resumes(result).read() == 1;
  };
  const Tick tick = source.room()->tick();
  EXPECT_TRUE(resumes({1, tick}, ResumeResult::delta));
  EXPECT_TRUE(resumes({1, tick + 1}, ResumeResult::rolled_back));
  EXPECT_TRUE(resumes({1, 0}, ResumeResult::whole)) << "had nothing yet";
  EXPECT_TRUE(resumes({0, 7}, ResumeResult::whole)) << "names no term";
}

TEST(Restore, a_logic_that_throws_at_it_loses_its_room_alone) {
  Source source([] { return std::make_unique<Throws>(); });
  Target target(source.checkpoint(), {.term = 2}, [] { return std::make_unique<Throws>(); });
  EXPECT_EQ(target.place, nullptr);
  EXPECT_EQ(target.lobby.find(target.gate.room->id), nullptr);
  EXPECT_EQ(target.worker_stats.players.read(), 0);
}

TEST(Restore, an_id_that_exists_is_not_restored_over) {
  Source source;
  auto state = read_checkpoint(source.checkpoint());
  EXPECT_EQ(source.lobby.restore(std::get<SavedRoomPointer>(std::move(state)), {.term = 2}, {}, 0), nullptr);
}

}  // namespace
}  // namespace tickrelay
