#include "session.h"

#include "relay_bytes.h"

namespace tickrelay::test {
namespace {

using Kind = wire::ActionKind;
using Texts = std::vector<std::string>;

TEST(SessionFrames, OnlyWhatFitsIsApplied) {
  Game game;
  std::vector<std::uint32_t> ticks;
  game.room.on_state_change([&](const State& state) { ticks.push_back(state.tick()); });
  game.join();
  for (const auto& [tick, span] : {std::pair{11, 1}, {13, 1}, {11, 1}, {13, 2}, {16, 9}}) {
    FrameBytes frame = FrameBytes::stream(static_cast<std::uint32_t>(tick));
    frame.span = static_cast<std::uint16_t>(span);
    game.receive(frame.bytes());
  }
  EXPECT_EQ(ticks, (std::vector<std::uint32_t>{10, 11, 13, 16}));
  EXPECT_EQ(game.room.stats().discarded, 2u);
  EXPECT_EQ(game.room.tick(), 16u);
}

TEST(SessionFrames, CallBacksSeeTheWholeFrame) {
  Game game;
  game.room.on_add<arena::Transform>([&](EntityId id, const arena::Transform& at) {
    EXPECT_EQ(game.room.state().owner(id), id == 1 ? 7u : 9u);
    EXPECT_EQ(at.pos().x(), id == 1 ? 1.f : 4.f);
  });
  std::vector<EntityId> changed;
  std::uint64_t fields = 0;
  game.room.on_change<arena::Transform>([&](EntityId id, const arena::Transform&, std::uint64_t mask) {
    changed.push_back(id);
    fields = mask;
  });
  float last = 0;
  game.room.on_remove<arena::Transform>([&](EntityId, const arena::Transform& at) { last = at.pos().z(); });
  game.join();
  game.receive(FrameBytes::stream(11, {{transform, {2}, {0b0100}, packed(8.f), {}}}).bytes());
  EXPECT_EQ(changed, std::vector<EntityId>{2});
  EXPECT_EQ(fields, 0b0100u);
  FrameBytes frame = FrameBytes::stream(12);
  frame.removed = {2};
  game.receive(frame.bytes());
  EXPECT_EQ(last, 8.f);
}

TEST(SessionFrames, WhoComesLateHearsOfWhatIsThere) {
  Game game;
  game.join();
  std::vector<EntityId> heard;
  game.room.on_add<arena::Transform>([&](EntityId id, const arena::Transform&) { heard.push_back(id); });
  EXPECT_TRUE(heard.empty()) << "call-backs run inside poll";
  game.step();
  game.step();
  EXPECT_EQ(heard, (std::vector<EntityId>{1, 2}));
}

TEST(SessionFrames, AMessageWithoutItsBodyEndsTheConnection) {
  for (const wire::Body kind : wire::EnumValuesBody()) {
    Game game;
    game.join();
    FlatBufferBuilder builder;
    game.receive(message(builder, kind, flatbuffers::Offset<wire::Welcome>()));
    EXPECT_EQ(game.wrote->close_code, close_code::protocol_error) << wire::EnumNameBody(kind);
  }
}

TEST(SessionFrames, AClockInAnotherAgeEndsTheConnection) {
  for (const std::int64_t clock_us : {INT64_MAX / 2, INT64_MIN / 2}) {
    Game game;
    game.join();
    FlatBufferBuilder builder;
    game.receive(message(builder, wire::Body::Pong, wire::CreatePong(builder, 0, static_cast<std::uint64_t>(clock_us))));
    EXPECT_EQ(game.wrote->close_code, close_code::protocol_error) << "a Pong";
    Game joining;
    joining.join(clock_us);
    EXPECT_EQ(joining.wrote->close_code, close_code::protocol_error) << "a Welcome";
  }
}

TEST(SessionFrames, HostileBytesEndTheConnection) {
  const Buffer good = FrameBytes::whole(11, {transforms({3}, packed(1.f, 2.f, 3.f, 4.f))}).bytes();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const std::uint8_t flip : {0x01, 0x80, 0xff}) {
      Game game;
      game.join();
      Buffer bad = good;
      bad[i] ^= flip;
      game.receive(bad);  // any outcome but a crash: the address sanitizer looks on
      game.step();
    }
  }
  Game game;
  std::uint16_t code = 0;
  game.room.on_leave([&](std::uint16_t c, const std::string&) { code = c; });
  game.join();
  game.receive(Buffer{1, 2, 3});
  EXPECT_EQ(code, close_code::protocol_error);
  EXPECT_EQ(game.wrote->close_code, close_code::protocol_error);
}

TEST(SessionFrames, BytesAfterTheEndAreIgnored) {
  Game game;
  game.join();
  game.receive(Buffer{1, 2, 3});
  ASSERT_EQ(game.room.phase(), Room::Phase::left);
  game.receive(FrameBytes::stream(11).bytes());
  game.step();
  EXPECT_EQ(game.room.tick(), 10u);
  EXPECT_TRUE(game.wrote->messages.empty());
}

TEST(SessionFrames, StateAgeCountsFromTheOldestInView) {
  Game game;
  game.join();
  FrameBytes frame = FrameBytes::stream(11);
  frame.complete = 5;
  game.receive(frame.bytes());
  // Welcome: the relay's clock read 0 at `now` of the join, tick 5 is at 250 ms.
  EXPECT_NEAR(game.session->state_age_s(game.now + 984'000), 0.75, 0.02);
}

TEST(SessionAcks, AtOnceAfterAWholeFrameLaterAfterStreamFrames) {
  Game game;
  game.connect();
  game.receive(WelcomeBytes{}.bytes());
  game.receive(FrameBytes::whole(10).bytes());
  game.step(0);
  game.actions();
  EXPECT_EQ(game.ack.tick(), 10u);
  game.receive(FrameBytes::stream(11).bytes());
  game.step(50'000);
  game.actions();
  EXPECT_EQ(game.ack.tick(), 10u);
  game.receive(FrameBytes::stream(12).bytes());
  game.step(50'000);
  game.actions();
  EXPECT_EQ(game.ack.tick(), 12u);
  game.step(500'000);
  EXPECT_TRUE(game.wrote->take(wire::Body::Update).empty()) << "nothing new to say";
}

TEST(SessionAcks, TheyRideOnUpdates) {
  Game game;
  game.join();
  game.receive(FrameBytes::stream(11).bytes());
  game.room.send("hi", "there");
  game.step(1'000);
  EXPECT_EQ(game.actions().size(), 1u);
  EXPECT_EQ(game.ack.tick(), 11u);
  game.step(200'000);
  EXPECT_TRUE(game.wrote->take(wire::Body::Update).empty());
}

TEST(SessionEvents, EachOnceInOrder) {
  Game game;
  Texts heard;
  game.room.on_message("hit", [&](const Message& message) { heard.emplace_back(message.text()); });
  game.join();
  FrameBytes frame = FrameBytes::stream(11);
  frame.event_first = 1;
  frame.events_held = {{.data = "1"}, {.data = "2"}};
  game.receive(frame.bytes());
  frame.tick = 12;
  frame.event_first = 2;
  frame.events_held = {{.data = "2"}, {.data = "3"}};
  game.receive(frame.bytes());
  EXPECT_EQ(heard, (Texts{"1", "2", "3"}));
  frame.tick = 13;
  frame.event_first = 5;
  game.receive(frame.bytes());
  EXPECT_EQ(game.room.tick(), 12u) << "a gap: discarded";
}

TEST(SessionEvents, WhatACallBackThrowsLosesNothingElse) {
  Game game;
  Texts heard;
  game.room.on_change<arena::Transform>([&](EntityId, const arena::Transform&, std::uint64_t) { throw 42; });
  game.room.on_message("hit", [&](const Message& message) {
    heard.emplace_back(message.text());
    if (heard.size() == 1) throw 43;
  });
  game.join();
  FrameBytes frame = FrameBytes::stream(11, {{transform, {2}, {0b0100}, packed(8.f), {}}});
  frame.event_first = 1;
  frame.events_held = {{.data = "1"}, {.data = "2"}};
  EXPECT_THROW(game.receive(frame.bytes()), int);
  EXPECT_EQ(heard, (Texts{"1", "2"}));
  FrameBytes next = FrameBytes::stream(12);
  next.event_first = 3;
  next.events_held = {{.data = "3"}};
  game.receive(next.bytes());
  EXPECT_EQ(heard, (Texts{"1", "2", "3"}));
  EXPECT_EQ(game.room.tick(), 12u);
}

TEST(SessionEvents, WhatWasLostIsToldAndSkipped) {
  Game game;
  Texts heard;
  std::string label;
  game.room.on_message("*", [&](const Message& message) { heard.emplace_back(message.text()); });
  game.room.on_error([&](const Error& error) { label = error.label; });
  game.join();
  game.receive(YoursBytes{.tick = 11, .events_lost = 4, .event = 4}.bytes());
  FrameBytes frame = FrameBytes::stream(11);
  frame.event_first = 5;
  frame.events_held = {{.data = "5"}};
  game.receive(frame.bytes());
  game.step();
  EXPECT_EQ(heard, (Texts{"5"}));
  EXPECT_EQ(label, "events_lost");
}

TEST(SessionEvents, NumbersThatWereNobodysAreSkippedAndNotTold) {
  Game game;
  Texts heard;
  std::string label;
  game.room.on_message("*", [&](const Message& message) { heard.emplace_back(message.text()); });
  game.room.on_error([&](const Error& error) { label = error.label; });
  game.join();
  game.receive(YoursBytes{.tick = 11, .events_lost = 0, .event = 400'000}.bytes());
  FrameBytes frame = FrameBytes::stream(11);
  frame.event_first = 400'001;
  frame.events_held = {{.data = "after a crash"}};
  game.receive(frame.bytes());
  game.step();
  EXPECT_EQ(heard, (Texts{"after a crash"}));
  EXPECT_EQ(label, "");
}

TEST(SessionEvents, OwnMessagesToOthersAreSkipped) {
  Game game;
  Texts heard;
  game.room.on_message("hit", [&](const Message& message) { heard.emplace_back(message.text()); });
  game.join();
  FrameBytes frame = FrameBytes::stream(11);
  frame.event_first = 1;
  frame.events_held = {{.player = 7, .data = "mine", .skip_sender = true},
                       {.player = 7, .data = "to all"},
                       {.data = "theirs", .skip_sender = true}};
  game.receive(frame.bytes());
  EXPECT_EQ(heard, (Texts{"to all", "theirs"}));
}

TEST(SessionEvents, DirectOnesComeWithTheirFrame) {
  Game game;
  Texts heard;
  game.room.on_message("hit", [&](const Message& message) { heard.emplace_back(message.text()); });
  game.join();
  game.receive(YoursBytes{.tick = 11, .direct_first = 1, .direct = {{.data = "a"}}}.bytes());
  EXPECT_TRUE(heard.empty());
  game.receive(FrameBytes::stream(11).bytes());
  EXPECT_EQ(heard, (Texts{"a"}));
  // Dropped with its frame, then told again.
  game.receive(YoursBytes{.tick = 13, .direct_first = 2, .direct = {{.data = "b"}}}.bytes());
  game.receive(FrameBytes::stream(13).bytes());
  EXPECT_EQ(heard, (Texts{"a"}));
  game.receive(YoursBytes{.tick = 11, .direct_first = 1, .direct = {{.data = "a"}, {.data = "b"}}}.bytes());
  EXPECT_EQ(heard, (Texts{"a", "b"}));
}

TEST(SessionEvents, ARequestHasOneEnd) {
  Game game;
  game.join();
  Texts ends;
  const auto end = [&](const Answer& answer) { ends.emplace_back(answer.ok ? answer.text() : answer.error); };
  const std::int64_t deadline_us = game.now + 1'000'000;
  const std::uint32_t answered = game.session->request("ask", tickrelay::bytes_of("?"), deadline_us, end, {});
  const std::uint32_t refused = game.session->request("ask", {}, deadline_us, end, {});
  game.session->request("ask", {}, deadline_us, end, {});
  game.step();
  const auto sent = game.actions();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0].request, answered);
  game.receive(YoursBytes{.tick = 10,
                          .direct_first = 1,
                          .direct = {{.kind = wire::EventKind::Answer, .data = "yes", .request = answered},
                                     {.kind = wire::EventKind::Failure, .type = "no_receiver", .request = refused}}}
                   .bytes());
  EXPECT_EQ(ends, (Texts{"yes", "no_receiver"}));
  game.step(2'000'000);
  EXPECT_EQ(ends, (Texts{"yes", "no_receiver", "timeout"}));
}

TEST(SessionEvents, OnRequestAnswers) {
  Game game;
  game.room.on_request("ask", [](const Message& message) { return Buffer(message.data.begin(), message.data.end()); });
  game.join();
  game.receive(
      YoursBytes{.tick = 10, .direct_first = 1, .direct = {{.player = 9, .type = "ask", .data = "x", .request = 33}}}
          .bytes());
  game.step();
  const auto sent = game.actions();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].kind, Kind::Answer);
  EXPECT_EQ(sent[0].request, 33u);
  EXPECT_EQ(sent[0].data, Buffer{'x'});
}

TEST(SessionEvents, PlayersComeAndGo) {
  Game game;
  Texts log;
  game.room.on_player_join([&](const Player& player) { log.push_back("+" + player.id); });
  game.room.on_player_leave(
      [&](const Player& player, const std::string& reason) { log.push_back("-" + player.id + " " + reason); });
  game.join();
  game.receive(FrameBytes::stream(11, {player_column(2, 9, "bob"), player_column(3, 10, "eve")}).bytes());
  EXPECT_EQ(game.room.players().size(), 2u);
  FrameBytes frame = FrameBytes::stream(12);
  frame.removed = {2, 3};
  frame.event_first = 1;
  frame.events_held = {{.kind = wire::EventKind::PlayerLeft, .player = 9, .type = "kicked"}};
  game.receive(frame.bytes());
  EXPECT_TRUE(game.room.players().empty());
  EXPECT_EQ(log, (Texts{"+bob", "+eve", "-bob kicked"}));
  game.step(2'000'000);
  EXPECT_EQ(log, (Texts{"+bob", "+eve", "-bob kicked", "-eve left"})) << "whose event was lost";
}

}  // namespace
}  // namespace tickrelay::test
