// A room whose node has no right to run it for a while: its players are let go, nobody's grace runs out, and it goes on with them.

#include <gtest/gtest.h>

#include "one_relay.h"

namespace tickrelay {
namespace {

using test::OneRelay;

struct Standstill : testing::Test {
  static RoomSettings settings() {
    RoomSettings settings;
    settings.grace_ms = 1'000;
    return settings;
  }
  Standstill() {
    relay.worker_port.right = relay.loop_port.right = &right;
    relay.open_and_join(1, "ada");
    relay.step_ticks(5);
  }
  // The close code of a return of ada's; normal where she has her seat again.
  CloseCode resume(SocketId socket) {
    relay.loop.opened(socket);
    relay.join(socket, "", wire::JoinMode::Resume, "session-1");
    relay.step();
    return code_of(socket);
  }
  CloseCode code_of(SocketId socket) {
    return relay.sockets.closed.contains(socket) ? relay.sockets.closed.at(socket).code : CloseCode::normal;
  }
  const Seat* ada() { return relay.room()->find_player("ada"); }

  struct Granted final : Right {
    [[nodiscard]] std::uint32_t tenure() const override { return now; }
    std::uint32_t now = 1;
  } right;
  OneRelay relay{settings()};
};

TEST_F(Standstill, its_players_are_let_go_and_may_come_back_when_it_goes_on) {
  right.now = 0;
  relay.step_ticks(50);
  EXPECT_EQ(code_of(1), CloseCode::normal) << "it may go on in a moment";
  relay.step_ticks(15);
  EXPECT_EQ(code_of(1), CloseCode::going_away);
  EXPECT_EQ(relay.loop_stats.closed(CloseCode::going_away).read(), 1U) << "once";
  EXPECT_FALSE(ada()->connected());
  EXPECT_EQ(resume(2), CloseCode::going_away) << "not yet";
  const Tick stopped = relay.room()->tick();
  relay.step_ticks(200);  // ten times the grace
  EXPECT_EQ(relay.room()->tick(), stopped);
  right.now = 1;
  relay.step_ticks(2);
  EXPECT_GT(relay.room()->tick(), stopped + 200) << "its ticks went by";
  ASSERT_NE(ada(), nullptr) << "her grace ran out while she could not come";
  EXPECT_EQ(resume(3), CloseCode::normal);
  EXPECT_TRUE(ada()->connected());
  const int sends = relay.sockets.sends[3];
  relay.room()->broadcast("said", {});
  relay.step_ticks(1);
  EXPECT_GT(relay.sockets.sends[3], sends);
}

TEST_F(Standstill, grace_runs_on_when_the_room_does) {
  right.now = 0;
  relay.step_ticks(200);
  right.now = 1;
  relay.step_ticks(15);
  ASSERT_NE(ada(), nullptr);
  relay.step_ticks(10);
  EXPECT_EQ(ada(), nullptr);
}

TEST_F(Standstill, who_comes_back_before_the_first_tick_is_not_let_go_again) {
  right.now = 0;
  relay.step_ticks(65);
  right.now = 1;
  EXPECT_EQ(resume(2), CloseCode::normal);
  relay.step_ticks(3);
  EXPECT_EQ(code_of(2), CloseCode::normal);
  EXPECT_TRUE(ada()->connected());
}

TEST_F(Standstill, in_another_tenure_it_stands_still_for_good) {
  right.now = 2;
  relay.step_ticks(3);
  EXPECT_EQ(code_of(1), CloseCode::going_away);
  const Tick stopped = relay.room()->tick();
  relay.step_ticks(50);
  EXPECT_EQ(resume(2), CloseCode::going_away);
  EXPECT_EQ(relay.room()->tick(), stopped);
}

}  // namespace
}  // namespace tickrelay
