#include <algorithm>

#include "part_bytes.h"

namespace tickrelay::test {
namespace {

using Ids = std::vector<EntityId>;

struct ViewGame : Game {
  ViewGame() {
    room.on_add<arena::Transform>([this](EntityId id, const arena::Transform&) { added.push_back(id); });
    room.on_remove<arena::Transform>([this](EntityId id, const arena::Transform&) { removed.push_back(id); });
    room.on_leave([this](std::uint16_t code, const std::string&) { left = code; });
    connect();
    receive(WelcomeBytes{}.bytes());
    receive(first_view());
    step();
    std::ranges::sort(added);
  }
  [[nodiscard]] Ids seen() const {
    Ids ids(room.state().with<arena::Transform>().begin(), room.state().with<arena::Transform>().end());
    std::ranges::sort(ids);
    return ids;
  }
  Ids added, removed;
  std::uint16_t left = 0;
};

TEST(SessionViews, EachChunkIsACopyOfItsOwn) {
  ViewGame game;
  EXPECT_EQ(game.seen(), (Ids{1, 2, 3}));
  EXPECT_EQ(game.added, (Ids{1, 2, 3}));
  FrameBytes less = FrameBytes::stream(1);
  less.removed = {3};
  game.receive(PartsBytes{.tick = 11}.part(1, 0, less).bytes());
  EXPECT_EQ(game.seen(), (Ids{1, 2}));
  game.receive(PartsBytes{.tick = 12}.gone(1).bytes());
  EXPECT_EQ(game.seen(), Ids{1});
  EXPECT_EQ(game.removed, (Ids{3, 2}));
  game.receive(PartsBytes{.tick = 13}.part(1, 2, placed({2}, 6)).bytes());
  EXPECT_EQ(game.room.state().get<arena::Transform>(2)->pos().x(), 6);
}

TEST(SessionViews, WhoGoesFromChunkToChunkIsTheSame) {
  for (const bool leaves_first : {true, false}) {
    ViewGame game;
    FrameBytes less = FrameBytes::stream(1);
    less.removed = {2};
    PartsBytes frame{.tick = 11};
    if (leaves_first) frame.part(1, 0, less);
    frame.part(0, 0, placed({2}, 7));
    if (!leaves_first) frame.part(1, 0, less);
    game.receive(frame.bytes());
    EXPECT_EQ(game.seen(), (Ids{1, 2, 3}));
    EXPECT_TRUE(game.removed.empty());
    EXPECT_EQ(game.room.state().get<arena::Transform>(2)->pos().x(), 7);
    game.receive(PartsBytes{.tick = 12}.gone(1).bytes());
    EXPECT_EQ(game.seen(), (Ids{1, 2})) << "it is of the other chunk now";
  }
}

TEST(SessionViews, AListSaysWhatIsInView) {
  ViewGame game;
  game.receive(PartsBytes{.tick = 12, .span = 2, .kind = wire::FrameKind::CatchUp, .lists = true}.unchanged(0).bytes());
  EXPECT_EQ(game.seen(), Ids{1});
  game.receive(PartsBytes{.tick = 14, .span = 0, .kind = wire::FrameKind::Whole}.part(5, 2, placed({8}, 1)).bytes());
  EXPECT_EQ(game.seen(), Ids{8}) << "base 0 forgets every chunk";
}

TEST(SessionViews, AChunkThatNobodyIntroducedIsAskedForWhole) {
  ViewGame game;
  game.receive(PartsBytes{.tick = 11}.part(7, 0, placed({9}, 1)).bytes());
  EXPECT_EQ(game.wrote->take(wire::Body::Resync).size(), 1U);
  EXPECT_EQ(game.left, 0);
}

TEST(SessionViews, HostilePartsEndTheConnection) {
  const Buffer good = PartsBytes{.tick = 11}.part(1, 2, placed({2, 4}, 5)).gone(0).bytes();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const std::uint8_t flip : {0x01, 0x80, 0xff}) {
      ViewGame game;
      Buffer bad = good;
      bad[i] ^= flip;
      game.receive(bad);  // any outcome but a crash: the address sanitizer looks on
      game.step();
    }
  }
  for (const Buffer& parts : {Buffer{0x80}, Buffer{1}, Buffer{1, 0}, Buffer{1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}, Buffer{1, 0, 4, 1, 2, 3, 4}}) {
    ViewGame game;
    game.receive(PartsBytes{.tick = 11, .parts = parts}.bytes());
    EXPECT_EQ(game.left, close_code::protocol_error);
  }
  ViewGame game;
  game.receive(FrameBytes::stream(11).bytes());
  EXPECT_EQ(game.left, close_code::protocol_error) << "a whole room after parts of one";
}

}  // namespace
}  // namespace tickrelay::test
