#include "relay/core/views.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "schema_text.h"

namespace tickrelay {
namespace {

constexpr PlayerNumber ada = 1, bob = 2;

// A world, and players who take each frame that is made for them (or do not): which chunks, as the parts name them.
struct Party {
  explicit Party(Grid grid, bool packed = true)
      : layout(test::layout_of("struct Body { x: float (position); y: float (position); hp: int; }"
                               "struct Prop (priority: \"1\") { n: int; } struct Boss (priority: \"50\") { n: int; }")),
        world(layout),
        views(*layout, grid, packed, 20, 5) {
    world.create(0, 0, tick);
  }
  void body(EntityId id, PlayerNumber owner, float x, float y = 0) {
    if (!world.has(id)) world.create(id, owner, tick + 1);
    const struct { float x, y; std::int32_t hp; } value{x, y, 0};
    world.write(id, *layout->find("Body"), 7, std::as_bytes(std::span(&value, 1)), tick + 1);
  }
  void number(EntityId id, const char* component, std::int32_t n) {
    if (!world.has(id)) world.create(id, 0, tick + 1);
    world.write(id, *layout->find(component), 1, std::as_bytes(std::span(&n, 1)), tick + 1);
  }
  struct Frame {
    Tick base = 0;
    std::map<ChunkNumber, int> parts;  // chunk → kind
    Views::Composed composed;
    std::size_t bytes = 0;
  };
  // One send tick; `base`: what this player's line has.
  Frame tick_for(PlayerNumber player, Tick base, std::uint32_t bytes_max = 0, wire::Role role = wire::Role::Player) {
    ++tick;
    views.update(world, visibilities, [this](PlayerNumber number) { return teams[number]; }, tick);
    const Viewer viewer{.player = player, .role = role, .team = teams[player], .base = base, .bytes_max = bytes_max};
    views.look(viewer, tick);
    views.encode(world, encoder, tick, nullptr);
    std::vector<std::uint8_t> parts;
    Frame frame{.base = base, .parts = {}, .composed = views.compose(viewer, tick, parts)};
    frame.bytes = parts.size();
    read(parts, frame);
    return frame;
  }
  static std::uint32_t number_of(const std::vector<std::uint8_t>& bytes, std::size_t& at) {
    std::uint32_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      value |= (bytes.at(at) & 0x7FU) << shift;
      if ((bytes.at(at++) & 0x80) == 0) return value;
    }
  }
  static void read(const std::vector<std::uint8_t>& bytes, Frame& frame) {
    for (std::size_t at = 0; at < bytes.size();) {
      const std::uint32_t chunk = number_of(bytes, at);
      const std::uint8_t head = bytes.at(at++);
      EXPECT_TRUE(frame.parts.emplace(chunk, head & 3).second);
      if ((head & 3) == 3) continue;
      if ((head & 8) != 0) at += 4;
      const std::size_t count = number_of(bytes, at);
      at += count;
    }
  }
  [[nodiscard]] ChunkNumber chunk(EntityId id) const { return const_cast<Views&>(views).chunks().chunk_of(id).value(); }
  [[nodiscard]] static int kind(const Frame& frame, ChunkNumber chunk) {
    const auto it = frame.parts.find(chunk);
    return it == frame.parts.end() ? -1 : it->second;
  }

  Tick tick = 1;
  LayoutPointer layout;
  World world;
  Visibilities visibilities;
  std::map<PlayerNumber, std::uint32_t> teams;
  Views views;
  Encoder encoder;
};

constexpr int stream = 0, catch_up = 1, whole = 2, gone = 3, nothing = -1;

TEST(Views, a_player_sees_what_is_near_its_own_entities) {
  Party party(Grid(10, 5));
  party.body(1, ada, 0);
  party.body(2, bob, 8);
  party.body(3, 0, 100);
  const auto frame = party.tick_for(ada, 0);
  EXPECT_EQ(party.kind(frame, party.chunk(0)), whole);
  EXPECT_EQ(party.kind(frame, party.chunk(1)), whole);
  EXPECT_EQ(party.kind(frame, party.chunk(2)), whole);
  EXPECT_EQ(party.kind(frame, party.chunk(3)), nothing);
  EXPECT_EQ(frame.composed.complete, 0U);
  EXPECT_TRUE(party.views.can_continue(ada, party.tick));
  EXPECT_FALSE(party.views.can_continue(ada, party.tick + 1));
  EXPECT_EQ(party.kind(party.tick_for(bob, 0), party.chunk(3)), nothing);
  EXPECT_EQ(party.kind(party.tick_for(7, 0), party.chunk(1)), nothing) << "who has nothing is nowhere";
  EXPECT_EQ(party.kind(party.tick_for(8, 0, 0, wire::Role::Spectator), party.chunk(3)), whole);
}

TEST(Views, nothing_flickers_at_a_border) {
  Party party(Grid(10, 5));
  party.body(1, ada, 0);
  party.body(2, 0, 12.4F);  // its cell begins at 10, less an eighth of 5
  party.tick_for(ada, 0);
  Tick base = party.tick;
  const ChunkNumber near = party.chunk(2);
  int changes = 0;
  for (int i = 0; i < 40; ++i) {
    party.body(1, ada, i % 2 == 0 ? -0.9F : 0);  // out of the radius and into it again
    const auto frame = party.tick_for(ada, base);
    base = party.tick;
    changes += party.kind(frame, near) == gone || party.kind(frame, near) == whole;
  }
  EXPECT_EQ(changes, 0);
  for (int i = 0; i < 40; ++i) {
    party.body(2, 0, i % 2 == 0 ? 9.6F : 10.4F);  // over the edge of its cell and back
    party.tick_for(ada, base);
    base = party.tick;
  }
  EXPECT_EQ(party.chunk(2), near);
  party.body(1, ada, -30);
  EXPECT_EQ(party.kind(party.tick_for(ada, base), near), gone);
}

TEST(Views, a_view_moves_when_its_frame_is_handed) {
  Party party(Grid(10, 5));
  party.body(1, ada, 0);
  party.body(2, 0, 7);
  party.tick_for(ada, 0);
  const Tick base = party.tick;
  party.body(2, 0, 50);
  const ChunkNumber before = party.chunk(2);
  EXPECT_EQ(party.kind(party.tick_for(ada, base), before), gone) << "empty";
  EXPECT_EQ(party.kind(party.tick_for(ada, base), before), gone) << "the frame before was dropped: it is told again";
  const Tick handed = party.tick;
  EXPECT_EQ(party.kind(party.tick_for(ada, handed), before), nothing);
}

TEST(Views, who_comes_back_with_less_gets_a_list) {
  Party party(Grid(10, 5));
  party.body(1, ada, 0);
  party.body(2, 0, 7);
  party.tick_for(ada, 0);
  const Tick has = party.tick;
  party.body(1, ada, 1);
  party.tick_for(ada, has);
  party.tick_for(ada, party.tick);  // the relay knows that the frame before was handed
  ASSERT_TRUE(party.views.can_continue(ada, has));
  const auto frame = party.tick_for(ada, has);
  EXPECT_TRUE(frame.composed.lists);
  EXPECT_EQ(party.kind(frame, party.chunk(1)), whole) << "what came since may or may not be there";
  EXPECT_EQ(frame.parts.size(), 3U) << "all that is in view";
  EXPECT_FALSE(party.tick_for(ada, party.tick).composed.lists);
}

TEST(Views, an_audience_is_kept) {
  for (const bool packed : {true, false}) {
    Party party(Grid{}, packed);
    party.number(5, "Prop", 1);
    party.world.set_owner(5, bob, party.tick + 1);
    Tick base = 0;
    const auto look = [&] {
      const auto frame = party.tick_for(ada, base);
      base = party.tick;
      return party.kind(frame, party.chunk(5));
    };
    EXPECT_EQ(look(), whole);
    party.visibilities.set(5, {.by = SeenBy::owner, .players = {}});
    EXPECT_EQ(look(), nothing);
    party.number(5, "Prop", 2);
    EXPECT_EQ(look(), nothing);
    party.visibilities.set(5, {.by = SeenBy::players, .players = {ada}});
    EXPECT_EQ(look(), whole);
    party.visibilities.set(5, {.by = SeenBy::team, .players = {}});
    EXPECT_EQ(look(), nothing) << "nobody is in a team";
    party.teams = {{ada, 3}, {bob, 3}};
    party.views.chunks().look_again();
    EXPECT_EQ(look(), whole);
    party.world.set_owner(5, 0, party.tick + 1);
    party.visibilities.set(5, {.by = SeenBy::owner, .players = {}});
    EXPECT_EQ(look(), nothing) << "nobody's";
    EXPECT_EQ(party.kind(party.tick_for(9, 0, 0, wire::Role::Authority), party.chunk(5)), whole);
  }
}

TEST(Views, few_bytes_go_to_the_near_the_weighty_and_those_who_wait) {
  Party party(Grid(0, 10));
  party.body(1, ada, 0);
  for (EntityId id = 2; id < 42; ++id) party.body(id, 0, static_cast<float>(id) * 10);
  party.number(50, "Prop", 0);
  party.number(51, "Boss", 0);
  Tick base = 0;
  std::map<EntityId, Tick> told;
  std::map<EntityId, int> times;
  Tick waited_longest = 0;
  for (int i = 0; i < 400; ++i) {
    for (EntityId id = 1; id < 42; ++id) party.body(id, id == 1 ? ada : 0, static_cast<float>(id) * 10 + static_cast<float>(i % 3) * 0.1F);
    party.number(50, "Prop", i);
    party.number(51, "Boss", i);
    const auto frame = party.tick_for(ada, base, 120);
    base = party.tick;
    EXPECT_LT(frame.bytes, 300U);
    for (EntityId id : {1U, 2U, 3U, 20U, 41U, 50U, 51U}) {
      if (party.kind(frame, party.chunk(id)) == nothing) continue;
      if (told[id] != 0) waited_longest = std::max(waited_longest, party.tick - told[id]);
      told[id] = party.tick;
      ++times[id];
    }
    EXPECT_EQ(party.kind(frame, party.chunk(1)) != nothing, true) << "one's own comes always";
    EXPECT_LT(frame.composed.complete, party.tick);
  }
  EXPECT_GT(times[2], 2 * times[41]) << "the near comes before the far";
  EXPECT_GT(times[41], 2) << "but nothing starves";
  EXPECT_LT(waited_longest, 200U);
}

TEST(Views, the_weighty_comes_before_the_light_and_both_come) {
  Party party(Grid{});
  std::map<EntityId, int> times;
  Tick base = 0;
  for (int i = 0; i < 520; ++i) {
    party.number(50, "Prop", i);
    party.number(51, "Boss", i);
    const auto frame = party.tick_for(ada, base, 1);
    base = party.tick;
    for (EntityId id : {50U, 51U}) times[id] += party.kind(frame, party.chunk(id)) != nothing;
  }
  EXPECT_GT(times[51], 20 * times[50]);
  EXPECT_GT(times[50], 5);
}

TEST(Views, what_nobody_sees_any_more_is_given_back) {
  Party party(Grid(10, 5));
  party.body(1, ada, 0);
  party.tick_for(ada, 0);
  Tick base = party.tick;
  for (int i = 1; i < 400; ++i) {
    party.body(1, ada, static_cast<float>(i * 5));
    party.visibilities.set(1, {.by = SeenBy::players, .players = {static_cast<PlayerNumber>(i)}});
    party.tick_for(ada, base);
    base = party.tick;
  }
  EXPECT_LT(party.views.chunks().size(), 60U);
}

}  // namespace
}  // namespace tickrelay
