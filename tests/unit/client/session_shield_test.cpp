// The second connection of a session with a loss shield.
#include "relay_bytes.h"
#include "session.h"

namespace tickrelay::test {
namespace {

struct ShieldedGame : Game {
  ShieldedGame() : Game({}, {.loss_shield = true}) {
    room.on_state_change([this](const State& state) { ticks.push_back(state.tick()); });
    room.on_message("hit", [this](const Message& message) { heard.emplace_back(message.text()); });
  }

  // Steps until it wants its connection.
  bool wants_shield(std::int64_t within_us = 1'000'000) {
    for (const std::int64_t until = now + within_us; now < until && !session->shield().wants_link(now);) {
      hear();
      step();
    }
    return session->shield().wants_link(now);
  }
  void hear() { session->received(pong(), now); }  // the first connection lives
  static Buffer pong() {
    FlatBufferBuilder builder;
    return message(builder, wire::Body::Pong, wire::CreatePong(builder, 0, 0));
  }
  void raise() {
    ASSERT_TRUE(wants_shield());
    copies_wrote = std::make_shared<Wrote>();
    session->shield().dialled(std::make_unique<FakeLink>(copies_wrote), now);
    session->shield().opened(now);
  }
  void join_shielded() {
    join();
    raise();
  }
  void copy(const Buffer& bytes) { session->shield().received(bytes, now); }
  std::vector<wire::Ack> shield_acks() const {
    std::vector<wire::Ack> acks;
    for (const Buffer& each : copies_wrote->take(wire::Body::Update)) {
      const auto* update = wire::GetMessage(each.data())->body_as_Update();
      EXPECT_EQ(update->actions() == nullptr ? 0 : update->actions()->size(), 0u);
      acks.push_back(*update->ack());
    }
    return acks;
  }

  std::shared_ptr<Wrote> copies_wrote;
  std::vector<std::uint32_t> ticks;
  std::vector<std::string> heard;
};

Buffer frame_with_event(std::uint32_t tick, std::uint32_t number, const std::string& data) {
  FrameBytes frame = FrameBytes::stream(tick);
  frame.event_first = number;
  frame.events_held = {{.data = data}};
  return frame.bytes();
}

Buffer packed_stream(std::uint32_t tick) {
  FlatBufferBuilder builder;
  const wire::FrameHead head(tick, 0, wire::FrameKind::Stream, wire::FrameFlags{});
  wire::StateFrameBuilder frame(builder);
  frame.add_head(&head);
  builder.Finish(frame.Finish(), "TRF1");
  return bytes_of(builder);
}

TEST(SessionShield, ThereIsNoneUnlessAskedFor) {
  Game game;
  game.join();
  for (int i = 0; i < 200; ++i) {
    game.step();
    EXPECT_FALSE(game.session->shield().wants_link(game.now));
  }
}

TEST(SessionShield, JoinsForItsSeat) {
  ShieldedGame game;
  EXPECT_FALSE(game.session->shield().wants_link(game.now)) << "not before the first connection";
  game.join_shielded();
  const auto joins = game.copies_wrote->take(wire::Body::Join);
  ASSERT_EQ(joins.size(), 1u);
  EXPECT_EQ(join_of(joins[0]).mode(), wire::JoinMode::Shield);
  EXPECT_EQ(join_of(joins[0]).room_id()->str(), "room");
  EXPECT_EQ(join_of(joins[0]).session()->str(), "secret");
  EXPECT_EQ(join_of(joins[0]).have_term(), 1u);
}

TEST(SessionShield, TheCopyThatComesFirstIsApplied) {
  ShieldedGame game;
  game.join_shielded();
  game.copy(frame_with_event(11, 1, "a"));
  game.receive(frame_with_event(11, 1, "a"));
  game.receive(frame_with_event(12, 2, "b"));
  game.copy(frame_with_event(12, 2, "b"));
  game.copy(frame_with_event(14, 4, "d"));  // 13 is on its way on either
  EXPECT_EQ(game.room.tick(), 12u);
  game.copy(frame_with_event(13, 3, "c"));
  game.receive(frame_with_event(13, 3, "c"));
  game.receive(frame_with_event(14, 4, "d"));
  EXPECT_EQ(game.ticks, (std::vector<std::uint32_t>{10, 11, 12, 13, 14}));
  EXPECT_EQ(game.heard, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(game.room.stats().frames, 5u);
  EXPECT_EQ(game.room.stats().copies, 4u);
  EXPECT_EQ(game.room.stats().shielded, 2u);
}

TEST(SessionShield, YoursMayComeAfterTheCopyOfItsFrame) {
  ShieldedGame game;
  game.join_shielded();
  game.room.set(1, arena::Transform(arena::Vec3(9, 0, 0), 0));
  game.step();
  ASSERT_EQ(game.actions().size(), 1u);
  game.copy(FrameBytes::stream(11, {transforms({1}, packed(8.f, 0.f, 0.f, 0.f))}).bytes());
  game.copy(FrameBytes::stream(12).bytes());
  EXPECT_EQ(game.room.state().get<arena::Transform>(1)->pos().x(), 9.f) << "its own, until it is confirmed";
  game.receive(YoursBytes{.tick = 11, .applied_seq = 1, .direct_first = 1, .direct = {{.data = "mine"}}}.bytes());
  EXPECT_EQ(game.room.state().get<arena::Transform>(1)->pos().x(), 8.f) << "at once";
  EXPECT_EQ(game.heard, std::vector<std::string>{"mine"});
  game.receive(FrameBytes::stream(11, {transforms({1}, packed(8.f, 0.f, 0.f, 0.f))}).bytes());
  game.receive(FrameBytes::stream(12).bytes());
  EXPECT_EQ(game.room.tick(), 12u);
  EXPECT_EQ(game.heard.size(), 1u);
}

TEST(SessionShield, AYoursThatWaitsIsAppliedWithTheCopyOfItsFrame) {
  ShieldedGame game;
  game.join_shielded();
  game.receive(YoursBytes{.tick = 11, .direct_first = 1, .direct = {{.data = "mine"}}}.bytes());
  EXPECT_TRUE(game.heard.empty());
  game.copy(FrameBytes::stream(10).bytes());
  EXPECT_TRUE(game.heard.empty()) << "an old copy takes nothing";
  game.copy(FrameBytes::stream(11).bytes());
  EXPECT_EQ(game.heard, std::vector<std::string>{"mine"});
  game.receive(FrameBytes::stream(11).bytes());
  EXPECT_EQ(game.heard.size(), 1u);
}

TEST(SessionShield, ACopyWhoseEventsFollowAYoursWaitsForIt) {
  ShieldedGame game;
  game.join_shielded();
  game.copy(frame_with_event(11, 5, "e"));
  EXPECT_EQ(game.room.tick(), 10u);
  game.receive(YoursBytes{.tick = 11, .events_lost = 4, .event = 4}.bytes());
  game.copy(frame_with_event(11, 5, "e"));
  EXPECT_EQ(game.room.tick(), 11u);
  EXPECT_EQ(game.heard, std::vector<std::string>{"e"});
}

TEST(SessionShield, TheEventsOfAFrameThatACopyPassedAreNotLost) {
  ShieldedGame game;
  game.join_shielded();
  FrameBytes later = FrameBytes::stream(12);  // from a lower base than the frame before it, and with fewer events
  later.span = 2;
  later.kind = wire::FrameKind::CatchUp;
  later.event_first = 1;
  later.events_held = {{.data = "a"}};
  FrameBytes before = FrameBytes::stream(11);
  before.event_first = 1;
  before.events_held = {{.data = "a"}, {.data = "b"}};
  game.copy(later.bytes());
  EXPECT_EQ(game.room.tick(), 12u);
  game.copy(frame_with_event(13, 3, "c"));
  EXPECT_EQ(game.room.tick(), 12u) << "its events do not follow";
  game.receive(before.bytes());
  game.receive(later.bytes());
  EXPECT_EQ(game.heard, (std::vector<std::string>{"a", "b"}));
  game.receive(frame_with_event(13, 3, "c"));
  EXPECT_EQ(game.heard, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(game.room.tick(), 13u);
}

TEST(SessionShield, AcknowledgesOnBothOnceACopyCame) {
  ShieldedGame game;
  game.join_shielded();
  game.receive(FrameBytes::stream(11).bytes());
  game.step(200'000);
  EXPECT_EQ(game.wrote->take(wire::Body::Update).size(), 1u);
  EXPECT_TRUE(game.shield_acks().empty()) << "the relay may not have taken it yet";
  game.copy(FrameBytes::stream(12).bytes());
  game.step(50'000);
  game.step(60'000);
  const std::vector<wire::Ack> acks = game.shield_acks();
  ASSERT_FALSE(acks.empty());
  EXPECT_EQ(acks.back().tick(), 12u);
  game.actions();
  EXPECT_EQ(game.ack.tick(), 12u) << "on the first, too";
}

TEST(SessionShield, ALostOneIsOpenedAnewAfterAPause) {
  ShieldedGame game;
  game.join_shielded();
  game.session->shield().closed(1006, "", game.now);
  EXPECT_EQ(game.room.phase(), Room::Phase::joined);
  EXPECT_TRUE(game.wants_shield(4'000'000));
}

TEST(SessionShield, AfterARefusalNotBeforeTheNextWelcome) {
  ShieldedGame game;
  game.join_shielded();
  game.session->shield().closed(close_code::session_unknown, "", game.now);
  EXPECT_FALSE(game.wants_shield(20'000'000));
  game.close(1006);
  for (int i = 0; i < 200 && !game.session->wants_link(game.now); ++i) game.step();
  game.connect();
  game.receive(WelcomeBytes{.resumed = true}.bytes());
  EXPECT_TRUE(game.wants_shield());
}

TEST(SessionShield, GoesWithTheFirstConnection) {
  ShieldedGame game;
  game.join_shielded();
  game.close(1006);
  EXPECT_FALSE(game.copies_wrote->alive);
  game.step(100'000);
  EXPECT_FALSE(game.session->shield().wants_link(game.now));
}

TEST(SessionShield, GoesWhenTheGameLeaves) {
  ShieldedGame game;
  game.join_shielded();
  game.room.leave();
  game.step();
  game.close(1000);
  EXPECT_EQ(game.room.phase(), Room::Phase::left);
  EXPECT_FALSE(game.copies_wrote->alive);
}

TEST(SessionShield, ASilentOneIsGivenUp) {
  ShieldedGame game;
  game.join_shielded();
  for (int i = 0; i < 30; ++i) {
    game.hear();
    game.copy(ShieldedGame::pong());
    game.step(1'000'000);
  }
  EXPECT_TRUE(game.copies_wrote->alive) << "it is answered";
  EXPECT_GE(game.copies_wrote->take(wire::Body::Ping).size(), 10u);
  for (int i = 0; i < 6; ++i) {
    game.hear();
    game.step(1'000'000);
  }
  EXPECT_FALSE(game.copies_wrote->alive);
  EXPECT_EQ(game.room.phase(), Room::Phase::joined);
  EXPECT_TRUE(game.wants_shield());
}

TEST(SessionShield, HostileBytesOnItEndItAlone) {
  ShieldedGame game;
  game.join_shielded();
  Buffer bad = FrameBytes::stream(11).bytes();
  bad.resize(bad.size() / 2);
  game.copy(bad);
  EXPECT_EQ(game.copies_wrote->close_code, close_code::protocol_error);
  EXPECT_FALSE(game.copies_wrote->alive);
  game.step();
  EXPECT_EQ(game.room.phase(), Room::Phase::joined);
  EXPECT_EQ(game.room.tick(), 10u);
}

TEST(SessionShield, NothingIsAppliedWhileTheWholeIsAskedFor) {
  ShieldedGame game;
  game.connect();
  game.receive(WelcomeBytes{.codec = wire::Codec::Packed}.bytes());
  game.raise();
  game.receive(packed_stream(5));  // of a stream that it is not in
  ASSERT_EQ(game.wrote->take(wire::Body::Resync).size(), 1u);
  game.copy(FrameBytes::whole(6).bytes());
  EXPECT_EQ(game.room.tick(), 0u);
  game.copy(ShieldedGame::pong());
  EXPECT_EQ(game.room.stats().resyncs, 1u);
}

}  // namespace
}  // namespace tickrelay::test
