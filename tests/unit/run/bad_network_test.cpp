// A loop that plays a bad network to one of its connections, stepped by hand.

#include <gtest/gtest.h>

#include "one_relay.h"

namespace tickrelay {
namespace {

using test::ms;
using test::OneRelay;
using test::OpenSockets;

constexpr SocketId player = 1;
const std::vector<std::byte> frame(1000);

struct Simulated : testing::Test {
  void simulate(const Conditions& conditions) { network.simulate(player, conditions, 1, false, false); }
  // As a loop's step.
  void run_to(std::int64_t now_ns) {
    sockets.now = now_ns;
    while (auto came = network.take_arrived(now_ns)) arrived.push_back(std::move(came->second));
    while (network.take_drained(now_ns)) ++drained;
    network.send_due(now_ns);
    network.drop_idle();
  }
  OpenSockets sockets;
  BadNetwork network{sockets};
  std::vector<std::vector<std::byte>> arrived;
  int drained = 0;
  std::int64_t start = sockets.now;
};

TEST_F(Simulated, WithoutConditionsGoesStraightThrough) {
  EXPECT_EQ(network.send(player, frame, {}), Sent::written);
  EXPECT_EQ(sockets.sends[player], 1);
  EXPECT_FALSE(network.any());
  simulate({});
  EXPECT_FALSE(network.any());
}

TEST_F(Simulated, HoldsBothWaysUntilDueAndLetsAllOutWhenItIsOff) {
  simulate({.delay_ms = 100});
  EXPECT_EQ(network.send(player, frame, {}), Sent::written);
  network.received(player, frame);
  EXPECT_EQ(network.next_ns(), start + 50 * ms);
  run_to(start + 49 * ms);
  EXPECT_EQ(sockets.sends[player], 0);
  EXPECT_TRUE(arrived.empty());
  run_to(start + 50 * ms);
  EXPECT_EQ(sockets.sends[player], 1);
  EXPECT_EQ(arrived.size(), 1u);
  EXPECT_EQ(network.next_ns(), BadWay::never);
  EXPECT_EQ(network.send(player, frame, {}), Sent::written);
  simulate({});
  run_to(start + 51 * ms);
  EXPECT_EQ(sockets.sends[player], 2);
  EXPECT_FALSE(network.simulates(player));
}

TEST_F(Simulated, AFullPipeIsAFullSocketAndSaysWhenItHasRoom) {
  simulate({.bytes_per_s = 20'000});
  Sent sent = Sent::written;
  int taken = 0;
  for (; sent == Sent::written; ++taken) sent = network.send(player, frame, {});
  EXPECT_EQ(sent, Sent::kept);
  EXPECT_EQ(taken, 5);
  EXPECT_EQ(network.send(player, frame, {}), Sent::refused);
  for (std::int64_t now = start; drained == 0 && now < start + 1000 * ms; now = std::max(now + 1, network.next_ns())) run_to(now);
  EXPECT_EQ(drained, 1);
  EXPECT_NEAR(static_cast<double>(sockets.now - start) / ms, (5000 - 2048) / 20.0, 1);
  EXPECT_EQ(network.send(player, frame, {}), Sent::written);
}

TEST_F(Simulated, ASocketThatIsFullItselfHoldsUpThePipe) {
  simulate({.delay_ms = 10});
  sockets.answer = Sent::refused;
  network.send(player, frame, {});
  run_to(start + 5 * ms);
  EXPECT_EQ(network.send(player, frame, {}), Sent::refused) << "never a queue";
  run_to(start + 500 * ms);
  EXPECT_EQ(drained, 0);
  EXPECT_EQ(network.next_ns(), BadWay::never) << "no step without a reason";
  sockets.answer = Sent::written;
  network.writable(player);
  run_to(start + 501 * ms);
  EXPECT_EQ(sockets.sends[player], 1);
  EXPECT_EQ(drained, 1);
}

TEST_F(Simulated, ASlowWayInStopsTheReading) {
  simulate({.bytes_per_s = 10'000});
  for (int i = 0; i < 4; ++i) network.received(player, frame);
  EXPECT_FALSE(sockets.paused[player]);
  network.received(player, frame);
  EXPECT_TRUE(sockets.paused[player]);
  std::int64_t now = start;
  for (; sockets.paused[player] && now < start + 1000 * ms; now += ms) run_to(now);
  EXPECT_NEAR(static_cast<double>(now - start) / ms, 295, 3);
  run_to(start + 500 * ms);
  EXPECT_EQ(arrived.size(), 5u);
}

TEST_F(Simulated, ACloseLetsOutWhatIsHeldFirst) {
  simulate({.delay_ms = 100, .loss = 1});
  network.send(player, frame, {});
  network.send(player, frame, {});
  network.close(player, CloseCode::kicked, "");
  EXPECT_EQ(sockets.sends[player], 2);
  EXPECT_TRUE(sockets.closed.contains(player));
  EXPECT_EQ(network.send(player, frame, {}), Sent::closed);
  network.closed(player);
  run_to(start + ms);
  EXPECT_FALSE(network.any());
}

TEST(SimulatedSeat, KeepsItsNetworkOverAReconnect) {
  RoomSettings settings;
  settings.max_players = 8;
  settings.tick_rate = settings.send_rate = 10;
  OneRelay relay(std::move(settings));
  relay.open_and_join(player);
  relay.step_ticks(2);
  Room& room = *relay.worker.places()[0]->room;
  EXPECT_FALSE(room.simulate(99, {.delay_ms = 1}));
  ASSERT_TRUE(room.simulate(1, {.delay_ms = 60'000}));
  relay.step_ticks(3);
  const int before = relay.sockets.sends[player];
  relay.step_ticks(20);
  EXPECT_EQ(relay.sockets.sends[player], before) << "a minute away";
  relay.loop.closed(player);
  relay.step_ticks(2);
  relay.loop.opened(2);
  relay.send(2, wire::Body::Join, [&](auto& b) {
    return wire::CreateJoinDirect(b, 1, wire::JoinMode::Resume, relay.gate.room->id.c_str(), "", "", wire::Role::Player, "", "", "session-1");
  });
  relay.step_ticks(20);
  EXPECT_EQ(room.find(1)->simulated.delay_ms, 60'000u);
  EXPECT_EQ(relay.sockets.sends[2], 0) << "the Welcome is on its way";
  room.simulate(1, {});
  relay.step_ticks(3);
  EXPECT_GT(relay.sockets.sends[2], 0);
}

}  // namespace
}  // namespace tickrelay
