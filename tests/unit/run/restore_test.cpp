#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <stdexcept>

#include "one_relay.h"

namespace tickrelay {
namespace {

using test::OneRelay;
using test::OpenSockets;

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

// What a client says it lost, from its Yours that stand before frames; nothing where none tells of any.
struct Told {
  EventNumber event = 0;
  std::uint32_t lost = 0;
};
std::optional<Told> told(const OpenSockets& sockets) {
  if (sockets.last.size() < 4) return std::nullopt;
  const std::size_t header = sockets.last[1] == std::byte{126} ? 4 : 2;
  std::vector<std::uint64_t> aligned(sockets.last.size() / 8 + 1);
  std::memcpy(aligned.data(), sockets.last.data() + header, sockets.last.size() - header);
  if (!flatbuffers::BufferHasIdentifier(aligned.data(), "TRM1")) return std::nullopt;
  const auto* yours = flatbuffers::GetRoot<wire::Message>(aligned.data())->body_as_Yours();
  if (yours == nullptr || yours->event() == 0) return std::nullopt;
  return Told{yours->event(), yours->events_lost()};
}

struct AfterACrash : testing::Test {
  AfterACrash() {
    RoomSettings settings = restored_settings();
    settings.history = 10;
    OneRelay source(settings);
    source.open_and_join(1, "ada");
    source.step_ticks(1);
    for (int i = 0; i < 3; ++i) source.room()->broadcast("said", {}, 0);
    source.step_ticks(4);
    had = source.room()->events().last();
    std::vector<std::byte> bytes;
    source.worker.checkpoint_at_next_send(*source.worker.places()[0], [&](Worker&, Worker::Place&, auto kept) { bytes.assign(kept.begin(), kept.end()); });
    source.step_ticks(1);
    target.emplace(bytes, Restore{.term = 2, .tick = 5, .lost_terms = 1, .lost_ticks = 5});
    target->gate.sessions = 100;  // others than the ones before
    target->step_ticks(1);
  }
  // Frames come in parts: until the client heard of a leap, or nothing more comes.
  std::optional<Told> told_within(int ticks) {
    for (int i = 0; i < ticks; ++i) {
      target->sockets.last.clear();
      target->step_ticks(1);
      if (const auto found = told(target->sockets)) return found;
    }
    return std::nullopt;
  }
  void resume(SocketId socket, const char* session, std::uint32_t term, Tick tick, EventNumber event) {
    target->loop.opened(socket);
    target->send(socket, wire::Body::Join, [&](auto& b) {
      return wire::CreateJoinDirect(b, 1, wire::JoinMode::Resume, target->gate.room->id.c_str(), "", "", wire::Role::Player, "{}", "", session, 0,
                                    term, tick, event);
    });
  }
  EventNumber had = 0;
  std::optional<Target> target;
};

TEST_F(AfterACrash, a_newcomer_hears_the_history_and_of_no_loss) {
  target->open_and_join(2, "bob");
  const auto heard = told_within(6);
  ASSERT_TRUE(heard) << "numbers go on above the leap";
  EXPECT_GT(heard->event, had + 100);
  EXPECT_EQ(heard->lost, 0U) << "it had nothing to lose";
}

TEST_F(AfterACrash, who_takes_a_seat_over_by_its_player_id_is_a_newcomer) {
  target->open_and_join(2, "ada");
  const auto heard = told_within(6);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->lost, 0U);
}

TEST_F(AfterACrash, who_was_there_hears_that_something_may_be_lost) {
  resume(2, "session-1", 1, target->room()->tick(), had);
  const auto heard = told_within(6);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->lost, heard->event - had);
}

TEST_F(AfterACrash, a_newcomer_lost_nothing_over_a_hand_over_either) {
  target->open_and_join(2, "bob");
  target->step();
  std::vector<std::byte> bytes;
  target->worker.checkpoint_at_next_send(*target->place, [&](Worker&, Worker::Place&, auto kept) { bytes.assign(kept.begin(), kept.end()); });
  target->step_ticks(2);
  const std::string session = target->room()->find_player("bob")->session;
  target.emplace(bytes, Restore{.term = 3, .lost_terms = 0});
  target->step_ticks(1);
  resume(2, session.c_str(), 2, 0, 0);
  const auto heard = told_within(6);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->lost, 0U);
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
