#include "session.h"

#include <cmath>

#include "relay_bytes.h"

namespace tickrelay::test {
namespace {

using Kind = wire::ActionKind;
using Texts = std::vector<std::string>;

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

TEST(SessionWrites, AQuaternionGoesByAllFour) {
  Game game;
  game.join();
  const auto shown = [&] { return Buffer(game.room.state().bytes(1, "arena.Turn").begin(), game.room.state().bytes(1, "arena.Turn").end()); };
  const auto six = static_cast<float>(6 * 0.1), eight = static_cast<float>(std::sqrt(1 - 6 * 0.1 * (6 * 0.1)));
  game.room.set(1, "arena.Turn", packed(0.75f, 9.f, 9.f, 9.f), 0b0001);
  EXPECT_EQ(shown(), packed(six, 0.f, 0.f, eight)) << "0.75, and the rest of no turn";
  game.step();
  auto sent = game.actions();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].mask, 0b1111u);
  EXPECT_EQ(sent[0].data, packed(six, 0.f, 0.f, eight));

  EXPECT_EQ(game.room.set(1, "arena.Turn", packed(six, 0.f, 0.f, eight)), sent[0].seq) << "the same again is nothing";
  game.room.set(1, "arena.Turn", packed(-six, 0.f, 0.01f, -eight));
  game.step();
  EXPECT_TRUE(game.actions().empty()) << "nor is the same turn told the other way";
  game.room.set(1, "arena.Turn", packed(0.f, six, 0.f, eight));
  game.step();
  sent = game.actions();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].data, packed(0.f, six, 0.f, eight)) << "all four, though only two differ";
  EXPECT_EQ(shown(), packed(0.f, six, 0.f, eight));
}

TEST(SessionWrites, AQuaternionThatIsNoneIsExplained) {
  Game game;
  Texts details;
  game.room.on_error([&](const Error& error) { details.push_back(error.detail); });
  game.join();
  EXPECT_EQ(game.room.set(1, "arena.Turn", packed(0.f, NAN, 0.f, 1.f)), 0u);
  game.step();
  ASSERT_EQ(details.size(), 1u);
  EXPECT_NE(details[0].find("'arena.Turn'.x"), std::string::npos) << details[0];
}

}  // namespace
}  // namespace tickrelay::test
