// Interpolation, prediction and the send tick, through a Room.
#include "session.h"

#include <cmath>
#include <numbers>
#include <optional>

#include "relay_bytes.h"

namespace tickrelay::test {
namespace {

constexpr std::int64_t tick_us = 50'000;  // WelcomeBytes: 20 Hz, tick zero at 0 of the relay's clock

// The relay's clock is the game's, known to a µs; frames come at their ticks.
struct Feel : Game {
  explicit Feel(ClientOptions options = {}) : Game({}, std::move(options)) {}

  void enter() {
    now = 10 * tick_us - 1'000;
    join(now);
    pong();
  }
  void pong() {
    FlatBufferBuilder builder;
    session->received(message(builder, wire::Body::Pong, wire::CreatePong(builder, static_cast<std::uint64_t>(now), static_cast<std::uint64_t>(now))), now);
  }
  void at(std::int64_t time_us) { now = time_us; }
  // Entity 2 is at x at this tick.
  void frame(std::uint32_t tick, std::optional<float> x, float yaw = 0) {
    at(tick * tick_us);
    std::vector<ColumnBytes> columns;
    if (x) columns.push_back(transforms({2}, packed(*x, 5.f, 6.f, yaw)));
    receive(FrameBytes::stream(tick, columns).bytes());
  }
  // As Room::interpolated, at a time of the test's.
  [[nodiscard]] arena::Transform drawn(EntityId entity, std::int64_t time_us) {
    const Bytes value = session->drawn(transform, entity, time_us);
    arena::Transform copy;
    EXPECT_EQ(value.size(), sizeof copy);
    std::memcpy(&copy, value.data(), std::min(value.size(), sizeof copy));
    return copy;
  }
  // Where entity 2 is drawn when render time is `tick`.
  [[nodiscard]] float x_at(double tick) { return drawn(2, shown_at(tick)).pos().x(); }
  [[nodiscard]] std::int64_t shown_at(double tick) {
    const auto time = static_cast<std::int64_t>(tick * tick_us);
    std::int64_t when = time;
    for (int i = 0; i < 50; ++i) when += time - session->server_clock().render_us(when);
    return when;
  }
};

TEST(Interpolation, AValueMovesAlongTheLineBetweenFrames) {
  Feel game;
  game.enter();
  game.room.interpolate<arena::Transform>();
  for (std::uint32_t tick = 11; tick <= 14; ++tick) game.frame(tick, static_cast<float>(tick));
  EXPECT_NEAR(game.x_at(13.25), 13.25, 0.01);
  EXPECT_NEAR(game.x_at(13.75), 13.75, 0.01);
  ASSERT_TRUE(game.room.interpolated<arena::Transform>(2));
  EXPECT_FALSE(game.room.interpolated<arena::Transform>(99)) << "there is none";
}

TEST(Interpolation, WhatRestedDoesNotCreep) {
  Feel game;
  game.enter();
  game.room.interpolate<arena::Transform>();
  game.frame(11, 1.f);
  for (std::uint32_t tick = 12; tick <= 14; ++tick) game.frame(tick, std::nullopt);
  game.frame(15, 9.f);
  EXPECT_EQ(game.x_at(13.5), 1.f);
  EXPECT_NEAR(game.x_at(14.5), 5.f, 0.05);
}

TEST(Interpolation, AnAngleGoesTheShortWay) {
  Feel game;
  game.enter();
  game.room.interpolate<arena::Transform>();
  game.frame(11, 1.f, 3.f);
  game.frame(12, 1.f, 3.f);
  game.frame(13, 1.f, -3.f);
  const float yaw = game.drawn(2, game.shown_at(12.5)).yaw();
  EXPECT_NEAR(std::abs(yaw), std::numbers::pi_v<float>, 0.02F);
}

TEST(Interpolation, AQuaternionTurnsAsAWhole) {
  Feel game;
  game.enter();
  game.room.interpolate("arena.Turn");
  const float half = std::sqrt(0.5F);
  game.receive(FrameBytes::stream(11, {{turn, {2}, {}, packed(0.f, 0.f, 0.f, 1.f), {}}}).bytes());
  game.frame(12, std::nullopt);
  game.at(13 * tick_us);
  game.receive(FrameBytes::stream(13, {{turn, {2}, {}, packed(0.f, 0.f, -half, -half), {}}}).bytes());  // 90 degrees, the other sign
  const Bytes value = game.session->drawn(turn, 2, game.shown_at(12.5));
  ASSERT_EQ(value.size(), 16U);
  float parts[4];
  std::memcpy(parts, value.data(), sizeof parts);
  EXPECT_NEAR(parts[2], std::sin(std::numbers::pi / 8), 0.01);
  EXPECT_NEAR(parts[3], std::cos(std::numbers::pi / 8), 0.01);
}

TEST(Interpolation, NumbersStep) {
  Feel game;
  game.enter();
  game.room.interpolate("arena.Health");
  const auto points = [&](std::uint32_t tick, std::uint8_t value) {
    game.at(tick * tick_us);
    game.receive(FrameBytes::stream(tick, {{health, {2}, {}, packed(value, std::uint8_t{7}), {}}}).bytes());
  };
  points(11, 10);
  points(12, 20);
  points(13, 30);
  EXPECT_EQ(game.session->drawn(health, 2, game.shown_at(12.9))[0], 20);
  EXPECT_EQ(game.session->drawn(health, 2, game.shown_at(13))[0], 30);
}

TEST(Interpolation, LateFramesAreGuessedForAQuarterSecondAndThenHeld) {
  Feel game;
  game.enter();
  game.room.interpolate<arena::Transform>();
  for (std::uint32_t tick = 11; tick <= 14; ++tick) game.frame(tick, static_cast<float>(tick));
  EXPECT_NEAR(game.x_at(16), 16, 0.05);
  EXPECT_NEAR(game.x_at(19), 19, 0.05);
  EXPECT_NEAR(game.x_at(30), 19, 0.05) << "250 ms are five ticks";
}

TEST(Interpolation, WhatCameToRestStays) {
  Feel game;
  game.enter();
  game.room.interpolate<arena::Transform>();
  for (std::uint32_t tick = 11; tick <= 14; ++tick) game.frame(tick, static_cast<float>(tick));
  game.frame(15, std::nullopt);
  EXPECT_EQ(game.x_at(17), 14.f);
}

TEST(Interpolation, ItsMemoryIsBounded) {
  Feel game;
  game.enter();
  game.room.interpolate<arena::Transform>();
  game.frame(11, 11.f);
  for (std::uint32_t tick = 12; tick < 500; ++tick)
    game.receive(FrameBytes::stream(tick, {transforms({2}, packed(static_cast<float>(tick % 900), 5.f, 6.f, 0.f))}).bytes());
  EXPECT_EQ(game.x_at(400), static_cast<float>(500 - 32)) << "what is older has gone";
}

TEST(Interpolation, OnesOwnComeAsTheyAre) {
  Feel game;
  game.enter();
  game.room.interpolate<arena::Transform>();
  game.room.set(1, arena::Transform(arena::Vec3(50, 2, 3), 0));
  EXPECT_EQ(game.drawn(1, game.now).pos().x(), 50.f);
}

TEST(Interpolation, ATableIsRefused) {
  Game game;
  game.join();
  std::string told;
  game.room.on_error([&](const Error& error) { told = error.detail; });
  game.room.interpolate("arena.Name");
  game.step();
  EXPECT_NE(told.find("arena.Name"), std::string::npos);
}

// An input is one byte: how far to go.
void walk(arena::Transform& at, Bytes input) {
  at = arena::Transform(arena::Vec3(at.pos().x() + static_cast<float>(input[0]), at.pos().y(), at.pos().z()), at.yaw());
}

struct Predicted : Feel {
  explicit Predicted(ClientOptions options = {}, PredictOptions how = {}) : Feel(std::move(options)) {
    enter();
    room.predict<arena::Transform>(1, walk, how);
  }
  void go(std::uint8_t distance) {
    seq = room.input({&distance, 1});
    step(0);
  }
  // A frame that puts entity 1 at x, with what the relay applied.
  void truth(std::uint32_t tick, float x, std::optional<std::uint32_t> applied) {
    at(std::max(now, std::int64_t{tick} * tick_us));
    if (applied) receive(YoursBytes{.tick = tick, .applied_seq = *applied}.bytes());
    receive(FrameBytes::stream(tick, {transforms({1}, packed(x, 2.f, 3.f, 0.f))}).bytes());
  }
  [[nodiscard]] float predicted() { return room.predicted<arena::Transform>(1)->pos().x(); }
  [[nodiscard]] float shown(std::int64_t after_us = 0) { return drawn(1, now + after_us).pos().x(); }
  std::uint32_t seq = 0;
};

TEST(Prediction, AnInputIsSeenAtOnce) {
  Predicted game;
  game.go(5);
  EXPECT_EQ(game.predicted(), 6.f);
  EXPECT_EQ(game.shown(), 6.f);
  EXPECT_EQ(game.room.state().get<arena::Transform>(1)->pos().x(), 1.f);
}

TEST(Prediction, WhatIsUnconfirmedIsDoneAgainFromTheRelaysValue) {
  Predicted game;
  game.go(5);
  const std::uint32_t first = game.seq;
  game.go(7);
  game.truth(11, 6.f, first);
  EXPECT_EQ(game.predicted(), 13.f);
  EXPECT_EQ(game.shown(), 13.f);
  game.truth(12, 13.f, game.seq);
  EXPECT_EQ(game.predicted(), 13.f);
}

TEST(Prediction, AnErrorFadesInsteadOfJumping) {
  Predicted game;
  game.go(5);
  game.truth(11, 4.f, game.seq);  // a wall: the relay let it go 3, not 5
  EXPECT_EQ(game.predicted(), 4.f);
  EXPECT_NEAR(game.shown(), 6.f, 0.001);
  const float halfway = game.shown(30'000);
  EXPECT_LT(halfway, 5.5F);
  EXPECT_GT(halfway, 4.2F);
  EXPECT_NEAR(game.shown(200'000), 4.f, 0.01);
}

TEST(Prediction, AnErrorBeyondTheLimitJumps) {
  Predicted game({}, {.snap_beyond = 10});
  game.go(5);
  game.truth(11, 500.f, game.seq);
  EXPECT_EQ(game.shown(), 500.f);
}

// A frame without a Yours of its tick may hold inputs that nobody has confirmed: taking it would do these twice.
TEST(Prediction, AFrameThatDoesNotSayHowFarItIsChangesNothing) {
  Predicted game;
  game.go(5);
  game.truth(11, 6.f, std::nullopt);
  EXPECT_EQ(game.predicted(), 6.f);
  game.truth(12, 6.f, game.seq);
  EXPECT_EQ(game.predicted(), 6.f);
}

TEST(Prediction, WithPromptAcksAFrameWithoutYoursHoldsNothingNew) {
  Predicted game({.prompt_acks = true});
  game.go(5);
  game.truth(11, 3.f, std::nullopt);  // pushed by somebody, the input still on its way
  EXPECT_EQ(game.predicted(), 8.f);
}

TEST(Prediction, WhatHappensToAPlayerThatDoesNothingIsSeen) {
  Predicted game;
  game.go(5);
  game.truth(11, 6.f, game.seq);
  game.truth(12, 90.f, std::nullopt);
  EXPECT_EQ(game.predicted(), 90.f);
}

TEST(Prediction, AYoursAloneConfirmsTheTickThatIsThere) {
  Predicted game;
  game.truth(11, 1.f, std::nullopt);
  game.go(0);
  game.receive(YoursBytes{.tick = 11, .applied_seq = game.seq}.bytes());
  game.go(9);
  EXPECT_EQ(game.predicted(), 10.f);
}

TEST(Prediction, InputsThatALostConnectionTookAreForgotten) {
  Predicted game;
  game.go(5);
  const std::uint32_t lost = game.seq;
  game.close(close_code::going_away);
  game.step(20'000'000 / 2);
  game.connect();
  game.receive(WelcomeBytes{.with_layout = false, .resumed = true, .applied_seq = lost - 1}.bytes());
  game.truth(11, 1.f, lost - 1);
  EXPECT_EQ(game.predicted(), 1.f);
}

TEST(Prediction, ItEndsWhenTheGameSaysSo) {
  Predicted game;
  game.go(5);
  game.room.stop_predicting<arena::Transform>(1);
  EXPECT_FALSE(game.room.predicted<arena::Transform>(1));
  EXPECT_EQ(game.shown(), 1.f);
}

TEST(SendTick, ItIsCalledOnceATickAndWhatItDoesLeavesAtOnce) {
  Feel game;
  int calls = 0;
  game.enter();
  game.room.on_send_tick([&] {
    ++calls;
    const std::uint8_t input = 1;
    game.room.input({&input, 1});
  });
  std::size_t sent = 0;
  for (int i = 0; i < 1'000; ++i) {
    game.step(1'000);
    const std::size_t now = game.actions().size();
    EXPECT_LE(now, 1U);
    sent += now;
  }
  EXPECT_NEAR(calls, 20, 1);
  EXPECT_EQ(sent, static_cast<std::size_t>(calls));
}

// The way to the relay takes 11 ms; what has come is applied at the next tick and confirmed with it.
TEST(SendTick, TheRelaysWordMovesIt) {
  Feel game;
  std::int64_t called = 0;
  game.enter();
  std::deque<std::pair<std::uint32_t, std::int64_t>> on_the_way;  // number, arrival
  game.room.on_send_tick([&] {
    called = game.now;
    const std::uint8_t input = 1;
    on_the_way.emplace_back(game.room.input({&input, 1}), game.now + 11'000);
  });
  for (int i = 0; i < 5'000; ++i) {
    game.step(1'000);
    if (game.now % tick_us != 0) continue;
    const auto tick = static_cast<std::uint32_t>(game.now / tick_us);
    while (on_the_way.size() > 1 && on_the_way[1].second <= game.now) on_the_way.pop_front();
    if (!on_the_way.empty() && on_the_way.front().second <= game.now) {
      FlatBufferBuilder builder;
      const wire::YoursHead head(tick, on_the_way.front().first);
      const auto early = static_cast<std::uint32_t>(std::max<std::int64_t>(game.now - on_the_way.front().second, 1));
      game.receive(message(builder, wire::Body::Yours, wire::CreateYours(builder, &head, 0, 0, 0, 0, 0, 0, head.applied_seq(), early)));
      on_the_way.pop_front();
    }
    game.receive(FrameBytes::stream(tick).bytes());
    if (game.now % 1'000'000 == 0) game.pong();
  }
  EXPECT_NEAR(static_cast<double>(tick_us - called % tick_us), 13'000, 2'000);
  EXPECT_NEAR(game.room.stats().early_us, 2'000U, 2'000U);
}

}  // namespace
}  // namespace tickrelay::test
