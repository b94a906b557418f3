#include "session.h"

#include <cmath>

#include "relay_bytes.h"

namespace tickrelay::test {
namespace {

using Kind = wire::ActionKind;
using Texts = std::vector<std::string>;

const wire::Join& join_of(const Buffer& bytes) { return *wire::GetMessage(bytes.data())->body_as_Join(); }

// ------------------------------------------------------------------------------------------------------- joining

TEST(SessionJoin, TheFirstMessageIsAJoin) {
  JoinRequest request;
  request.type = "arena";
  request.options.player_id = "ada";
  request.options.options = R"({"name": "ada"})";
  Game game(request);
  game.connect();
  ASSERT_EQ(game.wrote->messages.size(), 1u);
  const wire::Join& join = join_of(game.wrote->messages[0]);
  EXPECT_EQ(join.type()->str(), "arena");
  EXPECT_EQ(join.player_id()->str(), "ada");
  EXPECT_EQ(join.options()->str(), R"({"name": "ada"})");
  EXPECT_EQ(game.room.phase(), Room::Phase::joining);
}

TEST(SessionJoin, WelcomeMakesAPlayer) {
  Game game;
  bool joined = false;
  game.room.on_join([&] { joined = true; });
  game.connect();
  game.receive(WelcomeBytes{}.bytes());
  EXPECT_TRUE(joined);
  EXPECT_EQ(game.room.player(), 7u);
  EXPECT_EQ(game.room.room_id(), "room");
  EXPECT_EQ(game.room.reconnection_token(), "room:secret");
}

TEST(SessionJoin, ARefusalIsTheEnd) {
  Game game;
  std::uint16_t code = 0;
  std::string reason;
  game.room.on_leave([&](std::uint16_t c, const std::string& r) { code = c; reason = r; });
  game.connect();
  game.close(close_code::room_full);
  EXPECT_EQ(code, close_code::room_full);
  EXPECT_EQ(reason, "room_full");
  EXPECT_FALSE(game.session->wants_link(game.now + 100'000'000));
}

TEST(SessionJoin, AnOverloadedRelayIsAskedAgainForAWhile) {
  Game game;
  int left = 0;
  game.room.on_leave([&](std::uint16_t, const std::string&) { ++left; });
  for (int tries = 0; tries < 50 && left == 0; ++tries) {
    game.now += 1'000'000;
    if (!game.session->wants_link(game.now)) continue;
    game.connect();
    game.close(close_code::overloaded);
  }
  EXPECT_EQ(left, 1);
  EXPECT_NEAR(static_cast<double>(game.now), 10e6, 8e6);
}

TEST(SessionJoin, PackedIsNotSupportedYet) {
  Game game;
  std::string reason;
  game.room.on_leave([&](std::uint16_t code, const std::string& r) { EXPECT_EQ(code, close_code::incompatible_schema); reason = r; });
  game.connect();
  WelcomeBytes welcome;
  welcome.codec = wire::Codec::Packed;
  game.receive(welcome.bytes());
  EXPECT_NE(reason.find("codec packed is not supported by this SDK version"), std::string::npos);
  EXPECT_EQ(game.wrote->close_code, close_code::incompatible_schema);
}

struct TooWide {
  static const char* GetFullyQualifiedName() { return "arena.Health"; }
  std::uint8_t more[16];
};

TEST(SessionJoin, AStructThatTheRoomDoesNotHaveIsIncompatible) {
  Game game;
  std::string reason;
  game.room.on_change<TooWide>([](EntityId, const TooWide&) {});
  game.room.on_leave([&](std::uint16_t code, const std::string& r) { EXPECT_EQ(code, close_code::incompatible_schema); reason = r; });
  game.connect();
  game.receive(WelcomeBytes{}.bytes());
  EXPECT_NE(reason.find("arena.Health"), std::string::npos) << reason;
}

TEST(SessionJoin, MovedIsFollowedAtOnce) {
  Game game;
  game.connect();
  game.receive(moved_bytes("ws://other.test:9000"));
  game.close(close_code::moved);
  EXPECT_TRUE(game.session->wants_link(game.now));
  EXPECT_EQ(game.session->url().host, "other.test");
}

TEST(SessionJoin, ABadUrlIsToldByOnLeave) {
  const auto session = std::make_shared<Session>("http://x", JoinRequest{}, ClientOptions{}, 1, 0);
  Room room(session);
  std::string reason;
  room.on_leave([&](std::uint16_t, const std::string& r) { reason = r; });
  session->step(1);
  EXPECT_NE(reason.find("bad URL 'http://x'"), std::string::npos);
}

// -------------------------------------------------------------------------------------------------------- frames

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
  game.room.on_change<arena::Transform>([&](EntityId id, const arena::Transform&, std::uint64_t mask) { changed.push_back(id); fields = mask; });
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

TEST(SessionFrames, StateAgeCountsFromTheOldestInView) {
  Game game;
  game.join();
  FrameBytes frame = FrameBytes::stream(11);
  frame.complete = 5;
  game.receive(frame.bytes());
  // Welcome: the relay's clock read 0 at `now` of the join, tick 5 is at 250 ms.
  EXPECT_NEAR(game.session->state_age_s(game.now + 984'000), 0.75, 0.02);
}

// --------------------------------------------------------------------------------------------- acknowledgements

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

// --------------------------------------------------------------------------------------------------------- events

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

TEST(SessionEvents, OwnMessagesToOthersAreSkipped) {
  Game game;
  Texts heard;
  game.room.on_message("hit", [&](const Message& message) { heard.emplace_back(message.text()); });
  game.join();
  FrameBytes frame = FrameBytes::stream(11);
  frame.event_first = 1;
  frame.events_held = {{.player = 7, .data = "mine", .skip_sender = true}, {.player = 7, .data = "to all"}, {.data = "theirs", .skip_sender = true}};
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
  game.receive(YoursBytes{.tick = 10, .direct_first = 1, .direct = {{.player = 9, .type = "ask", .data = "x", .request = 33}}}.bytes());
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
  game.room.on_player_leave([&](const Player& player, const std::string& reason) { log.push_back("-" + player.id + " " + reason); });
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

// -------------------------------------------------------------------------------------------------------- writing

TEST(SessionWrites, OnlyFieldsThatDifferAreSent) {
  Game game;
  game.join();
  arena::Transform at = *game.room.state().get<arena::Transform>(1);
  at = arena::Transform(arena::Vec3(1.f, 2.f, 77.f), at.yaw());
  game.room.set(1, at);
  game.room.set(1, at);
  EXPECT_EQ(game.room.state().get<arena::Transform>(1)->pos().z(), 77.f);
  game.step();
  const auto sent = game.actions();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].mask, 0b0100u);
  EXPECT_EQ(sent[0].data, packed(77.f));
}

TEST(SessionWrites, ValuesAreRoundedBeforeTheyAreShown) {
  Game game;
  game.join();
  game.room.set(1, arena::Transform(arena::Vec3(1.00049f, 5000.f, 3.f), 0.f));
  EXPECT_EQ(game.room.state().get<arena::Transform>(1)->pos().y(), 1000.f);
  EXPECT_EQ(game.room.state().get<arena::Transform>(1)->pos().x(), 1.f);
  game.step();
  ASSERT_EQ(game.actions().size(), 1u);
}

TEST(SessionWrites, SpawnShowsAtOnce) {
  Game game;
  game.join();
  const EntityId first = game.room.spawn(arena::Transform(arena::Vec3(1, 2, 3), 0));
  const EntityId second = game.room.spawn(arena::Health(5, 6), true);
  EXPECT_EQ(first, 1000u);
  EXPECT_EQ(second, 1001u);
  EXPECT_EQ(game.room.state().owner(first), 7u);
  game.step();
  const auto sent = game.actions();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].kind, Kind::Spawn);
  EXPECT_EQ(sent[1].data, (Buffer{5, 6}));
}

TEST(SessionWrites, TheEchoDoesNotPullBack) {
  Game game;
  game.join();
  game.room.set(1, arena::Transform(arena::Vec3(10, 2, 3), 0));
  game.step();
  const std::uint32_t seq = game.actions().at(0).seq;
  game.receive(FrameBytes::stream(11, {{transform, {1}, {1}, packed(5.f), {}}}).bytes());
  EXPECT_EQ(game.room.state().get<arena::Transform>(1)->pos().x(), 10.f);
  game.receive(YoursBytes{.tick = 12, .applied_seq = seq}.bytes());
  game.receive(FrameBytes::stream(12, {{transform, {1}, {1}, packed(9.f), {}}}).bytes());
  EXPECT_EQ(game.room.state().get<arena::Transform>(1)->pos().x(), 9.f) << "the relay's word counts";
}

TEST(SessionWrites, AFullSocketConflates) {
  Game game;
  game.join();
  game.wrote->room = false;
  for (int i = 0; i < 100; ++i) {
    game.room.set(1, arena::Transform(arena::Vec3(static_cast<float>(i), 0, 0), 0));
    game.step();
  }
  game.wrote->room = true;
  game.step();
  const auto sent = game.actions();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].data, packed(99.f, 0.f, 0.f));
}

TEST(SessionWrites, BadUsageIsExplained) {
  Game game;
  Texts details;
  game.room.on_error([&](const Error& error) { details.push_back(error.detail); });
  game.room.send("early", "");
  game.join();
  EXPECT_EQ(game.room.set(1, "arena.Nothing", {}), 0u);
  EXPECT_EQ(game.room.set(555, arena::Health(1, 1)), 0u);
  EXPECT_EQ(game.room.set(1, arena::Transform(arena::Vec3(NAN, 0, 0), 0)), 0u);
  EXPECT_EQ(game.room.set(1, "tickrelay.Owner", packed(3u)), 0u);
  const Buffer much(20'000);
  EXPECT_EQ(game.room.send("much", much), 0u);
  game.step();
  ASSERT_EQ(details.size(), 6u);
  EXPECT_NE(details[0].find("on_join"), std::string::npos);
  EXPECT_NE(details[3].find("'arena.Transform'.pos.x"), std::string::npos);
}

// --------------------------------------------------------------------------------------------------- coming back

TEST(SessionReturn, ALostConnectionIsResumed) {
  Game game;
  Texts log;
  game.room.on_drop([&](std::uint16_t code, const std::string&) { log.push_back("drop " + std::to_string(code)); });
  game.room.on_reconnect([&](const Reconnected& back) { log.emplace_back(back.rolled_back ? "back, rolled" : "back"); });
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

TEST(SessionReturn, ItGivesUpWhenTheGraceTimeIsOver) {
  Game game;
  std::uint16_t code = 0;
  game.room.on_leave([&](std::uint16_t c, const std::string&) { code = c; });
  game.join();
  game.close(1006);
  for (int i = 0; i < 100 && code == 0; ++i) {
    game.step(500'000);
    if (!game.session->wants_link(game.now)) continue;
    game.connect();
    game.close(1006);
  }
  EXPECT_NE(code, 0);
  EXPECT_GE(game.now, 20'000'000);
  EXPECT_LE(game.now, 37'000'000);
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
