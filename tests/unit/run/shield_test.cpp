// A player's second connection, stepped by hand.

#include <gtest/gtest.h>

#include "one_relay.h"

namespace tickrelay {
namespace {

using test::ms;
using test::OneRelay;

constexpr SocketId first = 1, shield = 2;

struct Shielded : testing::Test {
  explicit Shielded(std::uint32_t bytes_per_s = 0) : relay(settings(bytes_per_s)) {
    relay.open_and_join(first);
    relay.step_ticks(3);
  }
  static RoomSettings settings(std::uint32_t bytes_per_s) {
    RoomSettings settings;
    settings.max_players = 8;
    settings.tick_rate = settings.send_rate = 10;
    settings.bytes_per_s = bytes_per_s;
    settings.codec = wire::Codec::Plain;  // who was behind is back in the stream with the next frame
    return settings;
  }

  void open_shield(SocketId socket = shield, const char* session = "session-1", std::uint32_t term = 1) {
    relay.loop.opened(socket);
    relay.send(socket, wire::Body::Join, [&](auto& b) {
      return wire::CreateJoinDirect(b, 1, wire::JoinMode::Shield, relay.gate.room->id.c_str(), "", "",
                                    wire::Role::Player, "", "", session, 0, term);
    });
    relay.step();
  }
  void acknowledge(SocketId socket, Tick tick) {
    const wire::Ack ack(tick, 0, 0);
    relay.send(socket, wire::Body::Update, [&](auto& b) { return wire::CreateUpdate(b, &ack); });
  }
  [[nodiscard]] Tick handed() const {
    const Worker::Place& place = *relay.worker.places()[0];
    return relay.worker.placed(place, 1)->link->read().base;
  }
  // Until the first connection gets a frame. The one before was acknowledged.
  void next_frame() {
    acknowledge(acknowledged_on, handed());
    const int before = relay.sockets.sends[first];
    for (int i = 0; i < 1000 && relay.sockets.sends[first] == before; ++i) relay.step();
    EXPECT_NE(relay.sockets.sends[first], before);
  }
  [[nodiscard]] bool closed(SocketId socket, CloseCode code) const {
    const auto at = relay.sockets.closed.find(socket);
    return at != relay.sockets.closed.end() && at->second.code == code;
  }
  [[nodiscard]] std::uint64_t copies() { return relay.loop_stats.frames_sent(SentKind::shield).read(); }

  OneRelay relay;
  SocketId acknowledged_on = first;
};

TEST_F(Shielded, gets_each_frame_a_few_ms_later_and_nothing_else) {
  open_shield();
  EXPECT_EQ(relay.sockets.sends[shield], 0) << "no Welcome";
  for (int i = 1; i <= 5; ++i) {
    const std::size_t bytes = relay.sockets.bytes[first], copied = relay.sockets.bytes[shield];
    next_frame();
    EXPECT_EQ(relay.sockets.sends[shield], i - 1) << "not at once";
    relay.step(limits::shield_offset_ms * ms);
    EXPECT_EQ(relay.sockets.sends[shield], i);
    EXPECT_EQ(relay.sockets.bytes[shield] - copied, relay.sockets.bytes[first] - bytes);
  }
  EXPECT_EQ(copies(), 5U);
}

TEST_F(Shielded, wakes_its_loop_for_the_copy) {
  open_shield();
  next_frame();
  EXPECT_LE(relay.loop.step(relay.sockets.now), relay.sockets.now + limits::shield_offset_ms * ms);
}

TEST_F(Shielded, takes_no_seat) {
  open_shield();
  EXPECT_EQ(relay.room()->seats().size(), 1U);
  EXPECT_EQ(relay.gate.room->seats_taken, 1U);
  EXPECT_EQ(relay.worker_stats.players.read(), 1);
  EXPECT_EQ(relay.loop_stats.shields.read(), 1);
}

TEST_F(Shielded, a_newer_one_replaces_it) {
  open_shield();
  open_shield(3);
  EXPECT_TRUE(closed(shield, CloseCode::replaced));
  next_frame();
  relay.step(5 * ms);
  EXPECT_EQ(relay.sockets.sends[3], 1);
  EXPECT_EQ(relay.sockets.sends[shield], 0);
}

TEST_F(Shielded, ends_with_the_first_connection) {
  open_shield();
  relay.loop.closed(first);
  relay.step();
  EXPECT_TRUE(closed(shield, CloseCode::going_away));
}

TEST_F(Shielded, ends_with_the_seat_and_with_the_room) {
  open_shield();
  relay.send(first, wire::Body::Leave, [](auto& b) { return wire::CreateLeave(b); });
  relay.step();
  EXPECT_TRUE(closed(shield, CloseCode::going_away));
  relay.loop.closed(shield);
  EXPECT_EQ(relay.loop_stats.connections.read(), 1) << "of the first, whose socket has not ended yet";
}

TEST_F(Shielded, goes_where_the_room_goes) {
  open_shield();
  relay.worker.let_go(*relay.worker.places()[0], CloseCode::restarting, "");
  relay.step();
  EXPECT_TRUE(closed(first, CloseCode::restarting));
  EXPECT_TRUE(closed(shield, CloseCode::restarting));
}

TEST_F(Shielded, its_loss_is_not_the_players) {
  open_shield();
  relay.loop.closed(shield);
  relay.step();
  EXPECT_TRUE(relay.room()->seats()[0]->connected());
  EXPECT_FALSE(relay.sockets.closed.contains(first));
  EXPECT_EQ(relay.loop_stats.shields.read(), 0);
  next_frame();
  open_shield();  // again
  next_frame();
  relay.step(5 * ms);
  EXPECT_EQ(copies(), 1U);
}

TEST_F(Shielded, only_for_a_connected_seat_in_its_term) {
  open_shield(shield, "guessed");
  EXPECT_TRUE(closed(shield, CloseCode::session_unknown));
  open_shield(3, "session-1", 2);
  EXPECT_TRUE(closed(3, CloseCode::session_unknown));
  relay.loop.closed(first);
  relay.step();
  open_shield(4);
  EXPECT_TRUE(closed(4, CloseCode::session_unknown));
  EXPECT_EQ(relay.worker_stats.refused(CloseCode::session_unknown).read(), 3U);
}

TEST_F(Shielded, may_not_act) {
  open_shield();
  relay.send(shield, wire::Body::Update, [](auto& b) {
    const auto action = wire::CreateAction(b, wire::ActionKind::Despawn, 0, 0, 1, 7);
    return wire::CreateUpdate(b, nullptr, b.CreateVector(&action, 1));
  });
  relay.step();
  EXPECT_TRUE(closed(shield, CloseCode::protocol_error));
  EXPECT_TRUE(relay.room()->seats()[0]->connected());
}

TEST_F(Shielded, has_no_copy_of_what_the_first_connection_did_not_take) {
  open_shield();
  relay.sockets.answer = Sent::refused;
  const std::uint64_t superseded = relay.loop_stats.frames_superseded.read();
  for (int i = 0; i < 1000 && relay.loop_stats.frames_superseded.read() == superseded; ++i) relay.step();
  relay.sockets.answer = Sent::written;
  relay.step(5 * ms);
  EXPECT_EQ(copies(), 0U);
  relay.loop.writable(first);
  next_frame();  // a catch-up
  EXPECT_EQ(relay.loop_stats.frames_sent(SentKind::catch_up).read(), 1U);
  relay.step(5 * ms);
  EXPECT_EQ(copies(), 1U);
}

TEST_F(Shielded, skips_what_its_socket_has_no_room_for) {
  open_shield();
  next_frame();
  relay.sockets.answer = Sent::refused;
  relay.step(5 * ms);
  relay.sockets.answer = Sent::written;
  next_frame();
  relay.step(5 * ms);
  EXPECT_EQ(copies(), 0U) << "it is full until the socket says otherwise";
  relay.loop.writable(shield);
  next_frame();
  relay.step(5 * ms);
  EXPECT_EQ(copies(), 1U);
}

TEST_F(Shielded, what_is_acknowledged_on_it_counts_for_the_first_connection) {
  open_shield();
  acknowledged_on = shield;
  for (int i = 0; i < 60; ++i) next_frame();  // 15 s of them: without, the first is closed after 10
  EXPECT_FALSE(relay.sockets.closed.contains(first));
  for (int i = 0; i < 1200 && !relay.sockets.closed.contains(first); ++i) relay.step(10 * ms);
  EXPECT_TRUE(closed(first, CloseCode::not_acknowledged));
}

TEST_F(Shielded, an_acknowledgement_of_what_was_never_sent_closes_nothing) {
  open_shield();
  next_frame();
  relay.step(5 * ms);
  acknowledge(shield, handed() + 1000);
  next_frame();
  relay.step(5 * ms);
  EXPECT_FALSE(relay.sockets.closed.contains(first));
  EXPECT_FALSE(relay.sockets.closed.contains(shield));
}

// An unchanged room sends a frame of about 40 bytes every 300 ms: this budget is for those, not for twice as many.
struct BudgetedShield : Shielded {
  BudgetedShield() : Shielded(250) {}
  void play_10_s() {
    for (int i = 0; i < 1000; ++i) {
      relay.step(10 * ms);
      acknowledge(first, handed());
    }
  }
};

TEST_F(BudgetedShield, what_goes_twice_counts_twice) {
  play_10_s();
  const auto streamed = [this] { return relay.loop_stats.frames_sent(SentKind::stream).read(); };
  const std::uint64_t alone = streamed();
  EXPECT_GE(alone, 20U) << "the budget is enough for one of each";
  open_shield();
  play_10_s();
  EXPECT_GT(copies(), 0U);
  EXPECT_LT(streamed() - alone, alone / 2) << "it is behind, and gets less often what is whole in itself";
}

}  // namespace
}  // namespace tickrelay
