#include <gtest/gtest.h>

#include <stdexcept>

#include "one_relay.h"

namespace tickrelay {
namespace {

using test::ms;
using test::OneRelay;

RoomSettings settings_of(std::uint32_t max_players = 8) {
  RoomSettings settings;
  settings.max_players = max_players;
  settings.grace_ms = 500;
  return settings;
}

TEST(RelaySteps, a_join_takes_a_seat_and_gets_welcome_and_a_whole_frame) {
  OneRelay relay(settings_of());
  relay.open_and_join(3);
  relay.step();
  ASSERT_NE(relay.room(), nullptr);
  EXPECT_EQ(relay.room()->seats().size(), 1U);
  EXPECT_EQ(relay.sockets.sends[3], 1) << "Welcome";
  relay.step_ticks(3);
  EXPECT_GE(relay.sockets.sends[3], 2);
  EXPECT_EQ(relay.gate.room->seats_taken, 1U);
}

// What the relay told of an input that it read `before` its tick.
std::uint32_t early_us(std::int64_t before_ns, std::int64_t late_ns = 0) {
  OneRelay relay(settings_of());
  relay.open_and_join(3);
  relay.step_ticks(5);
  const std::int64_t due_ns = relay.worker_port.next_due_ns.load();
  relay.sockets.now = due_ns - before_ns;
  relay.send(3, wire::Body::Update, [](auto& b) {
    const auto input = wire::CreateAction(b, wire::ActionKind::Input, 0, 0, 1);
    const auto actions = b.CreateVector(&input, 1);
    return wire::CreateUpdate(b, nullptr, actions);
  });
  relay.worker.step(relay.sockets.now);
  relay.sockets.now = due_ns + late_ns;
  relay.sockets.last.clear();
  relay.worker.step(relay.sockets.now);
  relay.loop.step(relay.sockets.now);
  std::vector<std::uint64_t> words(relay.sockets.last.size() / 8 + 1);
  std::memcpy(words.data(), relay.sockets.last.data() + 2, relay.sockets.last.size() - 2);  // a short WebSocket header
  const wire::Message* message = wire::GetMessage(words.data());
  EXPECT_EQ(message->body_type(), wire::Body::Yours);
  if (message->body_type() != wire::Body::Yours) return 0;
  EXPECT_EQ(message->body_as_Yours()->head()->applied_seq(), 1U);
  EXPECT_EQ(message->body_as_Yours()->early_seq(), 1U);
  return message->body_as_Yours()->early_us();
}

TEST(RelaySteps, an_input_is_told_how_early_it_was_read) {
  EXPECT_EQ(early_us(7 * ms), 7'000U);
  EXPECT_EQ(early_us(500'000), 500U);
}

TEST(RelaySteps, an_input_that_a_late_tick_still_took_was_just_in_time) { EXPECT_EQ(early_us(-1 * ms, 2 * ms), 1U); }

TEST(RelaySteps, what_the_gate_refuses_is_closed_with_its_code) {
  OneRelay relay(settings_of());
  relay.loop.opened(3);
  relay.join(3, "", wire::JoinMode::JoinOrCreate, "", "refused");
  ASSERT_TRUE(relay.sockets.closed.contains(3));
  EXPECT_EQ(relay.sockets.closed[3].code, CloseCode::forbidden);
}

TEST(RelaySteps, a_full_room_lets_in_only_who_has_a_seat) {
  OneRelay relay(settings_of(1));
  relay.open_and_join(1, "anna");
  relay.step();
  relay.open_and_join(2, "berta");
  relay.step();
  EXPECT_EQ(relay.sockets.closed.at(2).code, CloseCode::room_full);
  relay.open_and_join(3, "anna");
  relay.step();
  EXPECT_FALSE(relay.sockets.closed.contains(3));
  EXPECT_EQ(relay.sockets.closed.at(1).code, CloseCode::replaced);
  EXPECT_EQ(relay.gate.room->seats_taken, 1U);
}

TEST(RelaySteps, a_session_comes_back_and_an_unknown_one_does_not) {
  OneRelay relay(settings_of());
  relay.open_and_join(1);
  relay.step();
  relay.loop.closed(1);
  relay.step();
  EXPECT_FALSE(relay.room()->seats()[0]->connected());
  relay.loop.opened(2);
  relay.join(2, "", wire::JoinMode::Resume, "session-1");
  relay.loop.opened(3);
  relay.join(3, "", wire::JoinMode::Resume, "guessed");
  relay.step();
  EXPECT_TRUE(relay.room()->seats()[0]->connected());
  EXPECT_EQ(relay.sockets.closed.at(3).code, CloseCode::session_unknown);
  EXPECT_EQ(relay.gate.room->seats_taken, 1U);
}

TEST(RelaySteps, a_seat_whose_grace_is_over_is_given_back) {
  OneRelay relay(settings_of());
  relay.open_and_join(1);
  relay.step();
  relay.loop.closed(1);
  relay.step_ticks(15);
  EXPECT_EQ(relay.room()->seats().size(), 0U);
  EXPECT_EQ(relay.gate.room->seats_taken, 0U);
}

TEST(RelaySteps, an_empty_room_ends_after_its_time) {
  RoomSettings settings = settings_of();
  settings.empty_ttl_ms = 300;
  OneRelay relay(settings);
  relay.open_and_join(1);
  relay.step();
  relay.send(1, wire::Body::Leave, [](auto& b) { return wire::CreateLeave(b); });
  EXPECT_EQ(relay.sockets.closed.at(1).code, CloseCode::normal);
  relay.step_ticks(10);
  EXPECT_EQ(relay.room(), nullptr);
  EXPECT_EQ(relay.lobby.size(), 0U);
}

TEST(RelaySteps, a_kick_closes_with_its_reason) {
  OneRelay relay(settings_of());
  relay.open_and_join(1);
  relay.step();
  relay.room()->kick(relay.room()->seats()[0]->number, "enough");
  relay.step();
  EXPECT_EQ(relay.sockets.closed.at(1).code, CloseCode::kicked);
  EXPECT_EQ(relay.sockets.closed.at(1).detail, "enough");
}

TEST(RelaySteps, who_goes_while_its_seat_is_made_leaves_no_connection) {
  OneRelay relay(settings_of());
  relay.open_and_join(1);
  relay.loop.closed(1);
  relay.step();
  relay.step();
  ASSERT_EQ(relay.room()->seats().size(), 1U);
  EXPECT_FALSE(relay.room()->seats()[0]->connected()) << "its grace runs";
}

TEST(RelaySteps, updates_before_welcome_and_second_joins_are_closed) {
  OneRelay relay(settings_of());
  const wire::Ack ack(0, 0, 0);
  relay.loop.opened(1);
  relay.send(1, wire::Body::Update, [&](auto& b) { return wire::CreateUpdate(b, &ack); });
  EXPECT_EQ(relay.sockets.closed.at(1).code, CloseCode::protocol_error);
  relay.open_and_join(2);
  relay.join(2);
  EXPECT_EQ(relay.sockets.closed.at(2).code, CloseCode::protocol_error);
}

TEST(RelaySteps, a_silent_newcomer_is_closed_after_its_time) {
  OneRelay relay(settings_of());
  relay.loop.opened(1);
  for (int i = 0; i < 60; ++i) relay.step(100 * ms);
  EXPECT_EQ(relay.sockets.closed.at(1).code, CloseCode::join_timeout);
}

TEST(RelaySteps, a_flooder_is_not_read_until_its_messages_are_taken) {
  OneRelay relay(settings_of());
  relay.open_and_join(1);
  relay.step_ticks(2);
  for (std::uint32_t seq = 1; seq <= limits::seat_inflight_max; ++seq)
    relay.send(1, wire::Body::Update, [&](auto& b) {
      std::vector<flatbuffers::Offset<wire::Action>> actions{
          wire::CreateAction(b, wire::ActionKind::Input, {}, 0, seq)};
      return wire::CreateUpdateDirect(b, nullptr, &actions);
    });
  EXPECT_TRUE(relay.sockets.paused[1]);
  relay.step();
  EXPECT_FALSE(relay.sockets.paused[1]);
  EXPECT_EQ(relay.room()->seats()[0]->applied_seq, limits::seat_inflight_max);
}

TEST(RelaySteps, a_welcome_that_has_no_room_waits_and_frames_wait_behind_it) {
  OneRelay relay(settings_of());
  relay.sockets.answer = Sent::refused;
  relay.open_and_join(1);
  relay.step_ticks(3);
  EXPECT_EQ(relay.sockets.sends[1], 0);
  relay.sockets.answer = Sent::written;
  relay.step_ticks(3);
  EXPECT_EQ(relay.sockets.sends[1], 0) << "not before the socket is writable";
  relay.loop.writable(1);
  EXPECT_EQ(relay.sockets.sends[1], 1);
  relay.step_ticks(2);
  EXPECT_GE(relay.sockets.sends[1], 2);
}

// A frame that is handed in parts: the socket has no room, then takes the rest.
TEST(RelaySteps, a_frame_that_takes_longer_than_an_acknowledgement_may_closes_nobody) {
  OneRelay relay(settings_of());
  relay.open_and_join(1);
  relay.step();
  relay.sockets.answer = Sent::kept;
  for (int i = 0; i < 150; ++i) relay.step(100 * ms);
  EXPECT_FALSE(relay.sockets.closed.contains(1));
  relay.loop.writable(1);
  for (int i = 0; i < 90; ++i) relay.step(100 * ms);
  EXPECT_FALSE(relay.sockets.closed.contains(1));
}

TEST(RelaySteps, a_peer_that_takes_bytes_and_acknowledges_none_is_closed) {
  OneRelay relay(settings_of());
  relay.open_and_join(1);
  for (int i = 0; i < 120; ++i) relay.step(100 * ms);
  ASSERT_TRUE(relay.sockets.closed.contains(1));
  EXPECT_EQ(relay.sockets.closed[1].code, CloseCode::not_acknowledged);
}

// A first frame of some hundred kilobytes, all of it with the kernel, on a line that takes minutes for it.
TEST(RelaySteps, while_a_frame_s_bytes_arrive_nobody_is_closed_for_not_acknowledging_it) {
  for (const Sent sent : {Sent::written, Sent::kept}) {
    OneRelay relay(settings_of());
    relay.open_and_join(1);
    relay.step();
    relay.sockets.answer = sent;
    for (int i = 0; i < 1'500; ++i) {
      relay.sockets.arrived[1] += 2'000;
      relay.step(100 * ms);
    }
    EXPECT_FALSE(relay.sockets.closed.contains(1));
    for (int i = 0; i < 650; ++i) relay.step(100 * ms);
    ASSERT_TRUE(relay.sockets.closed.contains(1)) << "then it stood still";
    EXPECT_EQ(relay.sockets.closed[1].code, CloseCode::not_acknowledged);
  }
}

struct Thrower final : Logic {
  explicit Thrower(std::string where) : where(std::move(where)) {}
  void at(std::string_view here) const {
    if (here == where) throw std::runtime_error("on purpose");
  }
  void on_open(Room&, const Seat&) override { at("open"); }
  void on_message(Room&, const Seat&, const LogicMessage&) override { at("message"); }
  void on_close(Room&, const Seat&, std::string_view) override { at("close"); }
  void on_error(Room&, const Seat&, std::string_view) override { at("error"); }
  void on_tick(Room&, std::uint32_t) override { at("tick"); }
  std::string where;
};

class Throwing : public testing::TestWithParam<const char*> {};

TEST_P(Throwing, a_logic_loses_its_room_and_nothing_else) {
  OneRelay relay(settings_of(), [] { return std::make_unique<Thrower>(GetParam()); });
  relay.open_and_join(1);
  relay.step();
  if (!relay.sockets.closed.contains(1)) {
    relay.open_and_join(2);
    relay.step();
    relay.send(1, wire::Body::Update, [&](auto& b) {
      std::vector<flatbuffers::Offset<wire::Action>> actions{wire::CreateAction(b, wire::ActionKind::Input, {}, 0, 1)};
      return wire::CreateUpdateDirect(b, nullptr, &actions);
    });
    relay.step_ticks(3);
    if (std::string_view(GetParam()) == "close")
      relay.send(2, wire::Body::Leave, [](auto& b) { return wire::CreateLeave(b); });
    if (std::string_view(GetParam()) == "error") relay.loop.closed(2);
    relay.step();
    relay.step();
  }
  EXPECT_EQ(relay.room(), nullptr);
  EXPECT_EQ(relay.sockets.closed.at(1).code, CloseCode::logic_failed);
  EXPECT_EQ(relay.gate.room->seats_taken, 0U);
  EXPECT_EQ(relay.lobby.size(), 0U);
}
INSTANTIATE_TEST_SUITE_P(At, Throwing, testing::Values("open", "message", "close", "error", "tick"),
                         [](const auto& info) { return std::string(info.param); });

TEST(RelaySteps, a_logic_that_throws_at_a_kick_loses_its_room_and_not_its_worker) {
  OneRelay relay(settings_of(), [] { return std::make_unique<Thrower>("close"); });
  relay.open_and_join(1);
  relay.open_and_join(2);
  relay.step();
  relay.room()->kick(1, "enough");
  relay.step_ticks(2);
  EXPECT_EQ(relay.room(), nullptr);
  EXPECT_EQ(relay.sockets.closed.at(1).code, CloseCode::kicked);
  EXPECT_EQ(relay.sockets.closed.at(2).code, CloseCode::logic_failed);
  EXPECT_EQ(relay.lobby.size(), 0U);
}

struct Bouncer final : Logic {
  void on_open(Room& room, const Seat& seat) override { room.kick(seat.number, "not you"); }
};

TEST(RelaySteps, a_logic_that_ends_a_seat_while_it_opens_closes_its_connection) {
  OneRelay relay(settings_of(), [] { return std::make_unique<Bouncer>(); });
  relay.open_and_join(1);
  relay.step();
  relay.step();
  EXPECT_EQ(relay.sockets.closed.at(1).code, CloseCode::kicked);
  EXPECT_EQ(relay.gate.room->seats_taken, 0U);
}

}  // namespace
}  // namespace tickrelay
