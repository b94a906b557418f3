#include "session.h"

#include "relay_bytes.h"

namespace tickrelay::test {
namespace {

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
  game.room.on_leave([&](std::uint16_t c, const std::string& r) {
    code = c;
    reason = r;
  });
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

TEST(SessionJoin, ACodecOfALaterKindIsRefused) {
  Game game;
  std::string reason;
  game.room.on_leave([&](std::uint16_t code, const std::string& r) {
    EXPECT_EQ(code, close_code::incompatible_schema);
    reason = r;
  });
  game.connect();
  WelcomeBytes welcome;
  welcome.codec = static_cast<wire::Codec>(7);
  game.receive(welcome.bytes());
  EXPECT_NE(reason.find("the room's codec is of a later kind"), std::string::npos);
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
  game.room.on_leave([&](std::uint16_t code, const std::string& r) {
    EXPECT_EQ(code, close_code::incompatible_schema);
    reason = r;
  });
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

}  // namespace
}  // namespace tickrelay::test
