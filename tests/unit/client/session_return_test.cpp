#include "session.h"

#include "relay_bytes.h"

namespace tickrelay::test {
namespace {

using Kind = wire::ActionKind;
using Texts = std::vector<std::string>;

TEST(SessionReturn, ALostConnectionIsResumed) {
  Game game;
  Texts log;
  game.room.on_drop([&](std::uint16_t code, const std::string&) { log.push_back("drop " + std::to_string(code)); });
  game.room.on_reconnect(
      [&](const Reconnected& back) { log.emplace_back(back.rolled_back ? "back, rolled" : "back"); });
  game.join();
  game.room.send("one", "");
  game.room.set(1, arena::Transform(arena::Vec3(50, 2, 3), 0));
  game.step();
  EXPECT_EQ(game.actions().size(), 2u);
  game.close(1006);
  EXPECT_EQ(game.room.phase(), Room::Phase::dropped);
  game.room.send("two", "");
  game.now += 1'000'000;
  game.connect();
  const wire::Join& join = join_of(game.wrote->messages.front());
  EXPECT_EQ(join.mode(), wire::JoinMode::Resume);
  EXPECT_EQ(join.session()->str(), "secret");
  EXPECT_EQ(join.have_tick(), 10u);
  EXPECT_EQ(join.have_term(), 1u);
  EXPECT_EQ(join.fingerprint(), 42u);
  game.receive(WelcomeBytes{.with_layout = false, .resumed = true}.bytes());
  game.step();
  const auto sent = game.actions();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0].type, "one");
  EXPECT_EQ(sent[0].seq, 1u) << "under its old number";
  EXPECT_EQ(sent[1].type, "two");
  EXPECT_EQ(sent[2].kind, Kind::Set);
  EXPECT_EQ(sent[2].data, packed(50.f)) << "the newest own value";
  EXPECT_EQ(log, (Texts{"drop 1006", "back"}));
  game.receive(FrameBytes::stream(11).bytes());
  EXPECT_EQ(game.room.tick(), 11u) << "a delta from what it had";
  EXPECT_EQ(game.room.state().get<arena::Transform>(2)->pos().x(), 4.f);
}

TEST(SessionReturn, ABudgetIsToldAgain) {
  Game game;
  game.room.set_budget(800);
  game.join();
  game.room.set_budget(900);
  game.room.set_budget(900);
  EXPECT_EQ(game.wrote->take(wire::Body::Pace).size(), 1u) << "the same again says nothing";
  game.close(1006);
  game.now += 1'000'000;
  game.connect();
  game.receive(WelcomeBytes{.with_layout = false, .resumed = true}.bytes());
  const auto told = game.wrote->take(wire::Body::Pace);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(wire::GetMessage(told[0].data())->body_as_Pace()->bytes_per_s(), 900u);
}

TEST(SessionReturn, WhatWasAppliedIsNotRepeated) {
  Game game;
  game.join();
  game.room.send("one", "");
  game.room.set(1, arena::Transform(arena::Vec3(50, 2, 3), 0));
  game.step();
  game.actions();
  game.close(close_code::going_away);
  game.now += 1'000'000;
  game.connect();
  game.receive(WelcomeBytes{.with_layout = false, .resumed = true, .applied_seq = 2}.bytes());
  game.step();
  EXPECT_TRUE(game.actions().empty());
}

TEST(SessionReturn, RolledBackTakesTheWholeFrame) {
  Game game;
  bool rolled = false;
  game.room.on_reconnect([&](const Reconnected& back) { rolled = back.rolled_back; });
  game.join();
  game.close(1006);
  game.now += 1'000'000;
  game.connect();
  game.receive(WelcomeBytes{.with_layout = false, .resumed = true, .rolled_back = true, .term = 2}.bytes());
  EXPECT_TRUE(rolled);
  game.receive(FrameBytes::whole(6, {transforms({1}, packed(0.f, 0.f, 0.f, 0.f))}).bytes());
  EXPECT_EQ(game.room.tick(), 6u);
  EXPECT_FALSE(game.room.state().contains(2));
}

TEST(SessionReturn, RolledBackForgetsWhatItHad) {
  Game game;
  game.join();
  game.receive(FrameBytes::stream(11, {transforms({2}, packed(9.f, 9.f, 9.f, 0.f))}).bytes());
  game.close(1006);
  game.now += 1'000'000;
  game.connect();
  EXPECT_EQ(join_of(game.wrote->messages.front()).have_tick(), 11u);
  game.receive(WelcomeBytes{.with_layout = false, .resumed = true, .rolled_back = true, .term = 2}.bytes());
  game.receive(FrameBytes::stream(12, {transforms({2}, packed(8.f, 8.f, 8.f, 0.f))}).bytes());
  EXPECT_EQ(game.room.state().get<arena::Transform>(2)->pos().x(), 9.f) << "no delta fits nothing";
  game.close(1006);
  game.now += 2'000'000;
  game.connect();
  EXPECT_EQ(join_of(game.wrote->messages.front()).have_tick(), 0u);
  EXPECT_EQ(join_of(game.wrote->messages.front()).have_term(), 2u);
  game.receive(WelcomeBytes{.with_layout = false, .resumed = true, .term = 2}.bytes());
  game.receive(FrameBytes::whole(8, {owners({1}, {7}), transforms({1}, packed(3.f, 0.f, 0.f, 0.f))}).bytes());
  EXPECT_EQ(game.room.tick(), 8u) << "below what the lost timeline had";
  EXPECT_FALSE(game.room.state().contains(2));
  EXPECT_EQ(game.room.state().get<arena::Transform>(1)->pos().x(), 3.f);
}

TEST(SessionReturn, ANewTermAloneForgetsNothing) {
  Game game;
  bool rolled = true;
  game.room.on_reconnect([&](const Reconnected& back) { rolled = back.rolled_back; });
  game.join();
  game.close(close_code::restarting);
  game.now += 2'000'000;
  game.connect();
  game.receive(WelcomeBytes{.with_layout = false, .resumed = true, .term = 5}.bytes());
  EXPECT_FALSE(rolled);
  game.receive(FrameBytes::stream(11).bytes());
  EXPECT_EQ(game.room.tick(), 11u);
  EXPECT_TRUE(game.room.state().contains(2));
}

TEST(SessionReturn, AReturnSlotOfTheRelaysIsKept) {
  for (const auto code : {close_code::restarting, close_code::overloaded}) {
    Game game;
    game.join();
    game.session->closed(code, "overloaded: come back in 3456 ms: too many join at once", game.now);
    EXPECT_FALSE(game.session->wants_link(game.now + 3'455'000));
    EXPECT_TRUE(game.session->wants_link(game.now + 3'456'000));
  }
}

TEST(SessionReturn, WhatIsNoReturnSlotIsNone) {
  for (const char* reason : {"", "overloaded", "come back in", "come back in ms", "come back in -5 ms", "come back in 5 s",
                             "come back in 99999999999999999999 ms", "come back soon"})
    EXPECT_EQ(return_slot_us(reason), std::nullopt) << reason;
  EXPECT_EQ(return_slot_us("restarting: come back in 0 ms: x"), 0);
  EXPECT_EQ(return_slot_us("come back in 1234 ms"), 1'234'000);
  EXPECT_EQ(return_slot_us("come back in 86400000 ms"), 60'000'000) << "a minute at most";
}

TEST(SessionReturn, WhatTheRelayLostIsSentAgainWhereItIsStillHeld) {
  Game game;
  game.join();
  game.room.send("one", "");
  game.room.send("two", "");
  game.step();
  game.receive(YoursBytes{.tick = 10, .applied_seq = 1}.bytes());
  game.actions();
  game.close(1006);
  game.now += 1'000'000;
  game.connect();
  game.receive(WelcomeBytes{.with_layout = false, .resumed = true, .term = 2, .applied_seq = 0}.bytes());
  game.step();
  const auto sent = game.actions();
  ASSERT_EQ(sent.size(), 1u) << "what was confirmed is gone with the interval";
  EXPECT_EQ(sent[0].type, "two");
  EXPECT_EQ(sent[0].seq, 2u);
  game.room.send("three", "");
  game.step();
  EXPECT_EQ(game.actions().at(0).seq, 3u) << "no number is used again";
}

TEST(SessionReturn, MessagesGoOnFromWhereTheRelaySays) {
  Game game;
  Texts heard;
  game.room.on_message("hit", [&](const Message& message) { heard.emplace_back(message.text()); });
  game.join();
  FrameBytes before = FrameBytes::stream(11);
  before.event_first = 1;
  before.events_held = {{.data = "1"}, {.data = "lost 2"}, {.data = "lost 3"}};
  game.receive(before.bytes());
  game.close(1006);
  game.now += 1'000'000;
  game.connect();
  EXPECT_EQ(join_of(game.wrote->messages.front()).have_event(), 3u);
  game.receive(WelcomeBytes{.with_layout = false, .resumed = true, .rolled_back = true, .term = 2, .event = 3}.bytes());
  game.receive(YoursBytes{.tick = 9, .events_lost = 997, .event = 1000}.bytes());
  FrameBytes after = FrameBytes::whole(9);
  after.event_first = 1001;
  after.events_held = {{.data = "1001"}};
  game.receive(after.bytes());
  EXPECT_EQ(heard, (Texts{"1", "lost 2", "lost 3", "1001"}));
}

TEST(SessionReturn, NoIdOfALostIntervalIsUsed) {
  Game game;
  game.join();
  const EntityId first = game.room.spawn(arena::Transform(arena::Vec3(0, 0, 0), 0));
  EXPECT_EQ(first, 1000u);
  game.close(1006);
  game.now += 1'000'000;
  game.connect();
  game.receive(WelcomeBytes{.with_layout = false, .resumed = true, .rolled_back = true, .term = 2}.bytes());
  game.receive(FrameBytes::whole(9).bytes());
  const EntityId next = game.room.spawn(arena::Transform(arena::Vec3(0, 0, 0), 0));
  EXPECT_EQ(next, 1001u) << "told again from 1000 on, which is used";
}

// While a relay says that the room lives, and is between two nodes, there is no end.
TEST(SessionReturn, ItGivesUpWhenTheGraceTimeIsOverAndNotBefore) {
  for (const std::int64_t lives_us : {std::int64_t{0}, std::int64_t{90'000'000}}) {
    Game game;
    std::uint16_t code = 0;
    game.room.on_leave([&](std::uint16_t c, const std::string&) { code = c; });
    game.join();
    const std::int64_t dropped = game.now;
    std::int64_t lived = game.now;
    const auto lose = [&] {
      const bool lives = game.now - dropped < lives_us;
      if (lives) lived = game.now;
      game.close(lives ? close_code::going_away : close_code::unreachable);
    };
    lose();
    for (int i = 0; i < 1'000 && code == 0; ++i) {
      game.step(500'000);
      if (!game.session->wants_link(game.now)) continue;
      game.connect();
      lose();
    }
    EXPECT_NE(code, 0);
    EXPECT_GE(lived - dropped, lives_us * 3 / 4);
    EXPECT_GE(game.now - lived, 20'000'000);
    EXPECT_LE(game.now - lived, 37'000'000);
  }
}

// Where it was, it may go on in a moment; refused there, the first address knows more.
TEST(SessionReturn, WhereTheRoomIsNotNowTheFirstAddressIsAsked) {
  Game game;
  game.join();
  game.receive(moved_bytes("ws://other.test:9000"));
  game.close(close_code::moved);
  game.connect();
  game.receive(WelcomeBytes{.with_layout = false, .resumed = true}.bytes());
  game.close(close_code::going_away);
  EXPECT_EQ(game.session->url().host, "other.test");
  game.now += 1'000'000;
  game.connect();
  game.close(close_code::overloaded);
  EXPECT_EQ(game.session->url().host, "other.test") << "it is there";
  game.now += 2'000'000;
  game.connect();
  game.close(close_code::going_away);
  EXPECT_EQ(game.session->url().host, "relay.test");
  game.now += 4'000'000;
  game.connect();
  game.receive(WelcomeBytes{.with_layout = false, .resumed = true}.bytes());
  EXPECT_EQ(game.room.phase(), Room::Phase::joined);
}

TEST(SessionReturn, AStopCodeIsTheEnd) {
  Game game;
  std::uint16_t code = 0;
  game.room.on_leave([&](std::uint16_t c, const std::string&) { code = c; });
  game.join();
  game.close(close_code::replaced);
  EXPECT_EQ(code, close_code::replaced);
}

TEST(SessionReturn, ASilentRelayIsLeft) {
  Game game;
  game.join();
  game.step(6'000'000);
  EXPECT_EQ(game.room.phase(), Room::Phase::dropped);
  EXPECT_FALSE(game.wrote->alive);
}

// A first frame of some hundred kilobytes on a slow line.
TEST(SessionReturn, ARelayWhoseFrameIsStillOnItsWayIsNotSilent) {
  Game game;
  game.join();
  for (int i = 0; i < 60; ++i) {
    game.wrote->arrived += 10'000;
    game.step(500'000);
    ASSERT_EQ(game.room.phase(), Room::Phase::joined) << i;
  }
  for (int i = 0; i < 9; ++i) game.step(500'000);
  EXPECT_EQ(game.room.phase(), Room::Phase::joined);
  for (int i = 0; i < 7; ++i) game.step(500'000);
  EXPECT_EQ(game.room.phase(), Room::Phase::dropped) << "nothing comes any more";
}

TEST(SessionReturn, ATokenComesBackFromElsewhere) {
  JoinRequest request;
  request.mode = wire::JoinMode::Resume;
  request.room_id = "room";
  request.session = "secret";
  Game game(request);
  game.connect();
  const wire::Join& join = join_of(game.wrote->messages[0]);
  EXPECT_EQ(join.mode(), wire::JoinMode::Resume);
  EXPECT_EQ(join.session()->str(), "secret");
  game.receive(WelcomeBytes{.resumed = true, .event = 5, .applied_seq = 20}.bytes());
  game.room.send("hi", "");
  game.step();
  EXPECT_EQ(game.actions().at(0).seq, 21u);
}

TEST(SessionReturn, LeaveSaysGoodbyeAfterTheLastMessage) {
  Game game;
  std::uint16_t code = 0;
  game.room.on_leave([&](std::uint16_t c, const std::string&) { code = c; });
  game.join();
  game.room.send("bye", "");
  game.room.leave();
  game.step();
  ASSERT_EQ(game.wrote->messages.size(), 2u);
  EXPECT_EQ(wire::GetMessage(game.wrote->messages[1].data())->body_type(), wire::Body::Leave);
  EXPECT_EQ(code, 0);
  game.close(1000);
  EXPECT_EQ(code, 1000);
}

TEST(SessionReturn, OpenRequestsEndWithTheSeat) {
  Game game;
  game.join();
  std::string error;
  game.room.request("ask", {}, 100, [&](const Answer& answer) { error = answer.error; });
  game.close(close_code::kicked);
  EXPECT_EQ(error, "left");
}

}  // namespace
}  // namespace tickrelay::test
