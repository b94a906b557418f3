#include "relay/core/past.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <random>

#include "relay/core/checkpoint.h"
#include "relay/core/room.h"
#include "schema_text.h"

namespace tickrelay {
namespace {

constexpr ComponentIndex moved = first_schema_component;

struct Silent final : RoomObserver {
  void seat_taken(const Room&, const Seat&) override {}
  void seat_dropped(const Room&, const Seat&) override {}
  void seat_resumed(const Room&, const Seat&) override {}
  void seat_ended(const Room&, const Seat&, CloseCode, std::string_view) override {}
  void message(const Room&, PlayerNumber, const Event&) override {}
};

RoomSettings settings_of(std::uint32_t rewind_ms) {
  RoomSettings settings;
  settings.layout = test::layout_of("struct Body { x: int; y: int; } table Note { text: string; }");
  settings.tick_rate = settings.send_rate = 20;
  settings.rewind_ms = rewind_ms;
  return settings;
}

struct PastOf : testing::Test {
  explicit PastOf(std::uint32_t rewind_ms = 500) : room(settings_of(rewind_ms), nullptr, 1, silent) {}

  EntityId spawn(std::int32_t x, std::int32_t y = 0) {
    const std::array value{x, y};
    EntityId id = 0;
    EXPECT_EQ(room.spawn(0, moved, std::as_bytes(std::span(value)), true, id), Refusal::none);
    return id;
  }
  void move(EntityId id, std::int32_t x) {
    EXPECT_EQ(room.write(id, moved, 1, std::as_bytes(std::span(&x, 1))), Refusal::none);
  }
  void tick(Tick passed = 1) { room.advance(room.tick() + passed); }
  // -1: there was none.
  [[nodiscard]] std::int32_t x_at(Tick tick, EntityId id) const {
    const auto past = room.rewind(tick);
    EXPECT_TRUE(past) << "tick " << tick;
    std::int32_t x = -1;
    if (const auto value = past->get(id, moved); !value.empty()) std::memcpy(&x, value.data(), sizeof x);
    return x;
  }

  Silent silent;
  Room room;
};

TEST_F(PastOf, a_value_is_what_it_was_at_the_end_of_the_tick) {
  tick();
  const EntityId id = spawn(10);
  tick();  // 2
  move(id, 20);
  move(id, 21);
  tick();  // 3
  tick();  // 4
  move(id, 40);
  EXPECT_EQ(x_at(1, id), -1) << "not born";
  EXPECT_EQ(x_at(2, id), 10);
  EXPECT_EQ(x_at(3, id), 21);
  EXPECT_EQ(x_at(4, id), 21) << "what came since is of the next tick";
  tick();
  EXPECT_EQ(x_at(5, id), 40);
}

TEST_F(PastOf, who_is_gone_is_still_there_then) {
  tick();
  const EntityId id = spawn(10), other = spawn(5);
  tick();
  EXPECT_EQ(room.despawn(id), Refusal::none);
  tick();
  const EntityId newer = spawn(7);
  tick();
  EXPECT_EQ(x_at(2, id), 10);
  EXPECT_EQ(x_at(3, id), -1);
  EXPECT_EQ(room.rewind(2)->with(moved), (std::vector<EntityId>{id, other}));
  EXPECT_EQ(room.rewind(4)->with(moved), (std::vector<EntityId>{other, newer}));
  EXPECT_TRUE(room.rewind(2)->has(id));
  EXPECT_FALSE(room.rewind(2)->has(newer));
}

TEST_F(PastOf, it_goes_back_as_far_as_the_setting_says) {
  tick();
  const EntityId id = spawn(1);
  for (std::int32_t i = 2; i <= 40; ++i) {
    tick();
    move(id, i * 10);
  }
  tick();  // 41
  EXPECT_EQ(room.rewind_floor(), 41U - 10U) << "500 ms at 20 Hz";
  EXPECT_EQ(x_at(31, id), 300);
  EXPECT_FALSE(room.rewind(30)) << "older";
  EXPECT_FALSE(room.rewind(42)) << "to come";
}

TEST_F(PastOf, a_jump_forgets_what_is_too_old) {
  tick();
  const EntityId id = spawn(1);
  tick();
  move(id, 2);
  tick(100);
  EXPECT_EQ(room.rewind_floor(), 92U);
  EXPECT_EQ(x_at(92, id), 2) << "the write was of tick 3";
}

TEST_F(PastOf, opaque_values_too) {
  tick();
  const EntityId id = spawn(1);
  const std::string first = "first", second = "the second";
  const ComponentIndex note = moved + 1;
  EXPECT_EQ(room.write(id, note, 1, std::as_bytes(std::span(first))), Refusal::none);
  tick();
  EXPECT_EQ(room.write(id, note, 1, std::as_bytes(std::span(second))), Refusal::none);
  tick();
  EXPECT_TRUE(room.rewind(1)->get(id, note).empty());
  EXPECT_EQ(std::memcmp(room.rewind(2)->get(id, note).data(), "first", 5), 0);
  EXPECT_EQ(room.rewind(3)->get(id, note).size(), second.size());
}

TEST_F(PastOf, a_component_that_is_not_there_is_empty) {
  tick();
  EXPECT_TRUE(room.rewind(1)->get(1, 60'000).empty());
  EXPECT_TRUE(room.rewind(1)->with(60'000).empty());
}

struct NoPast : PastOf {
  NoPast() : PastOf(0) {}
};

TEST_F(NoPast, without_the_setting_only_the_present_is_known) {
  tick();
  const EntityId id = spawn(10);
  tick();
  EXPECT_EQ(room.world().past(), nullptr);
  EXPECT_EQ(x_at(2, id), 10);
  EXPECT_FALSE(room.rewind(1));
  EXPECT_EQ(room.rewind_floor(), 2U);
}

// Against copies of the whole, over random play.
TEST_F(PastOf, random_play_is_remembered_as_it_was) {
  std::mt19937 random(11);
  std::vector<EntityId> alive;
  std::map<Tick, std::map<EntityId, std::int32_t>> truth;
  for (int i = 0; i < 600; ++i) {
    for (unsigned n = random() % 8; n > 0; --n) {
      const unsigned what = random() % 10;
      if (alive.empty() || what == 0) {
        alive.push_back(spawn(static_cast<std::int32_t>(random() % 1000)));
      } else if (what == 1) {
        const std::size_t at = random() % alive.size();
        EXPECT_EQ(room.despawn(alive[at]), Refusal::none);
        alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(at));
      } else {
        move(alive[random() % alive.size()], static_cast<std::int32_t>(random() % 5));
      }
    }
    tick(1 + random() % 3);
    auto& now = truth[room.tick()];
    for (const EntityId id : alive) std::memcpy(&now[id], room.world().get(id, moved).data(), 4);
    for (auto& [when, world] : truth) {
      if (when < room.rewind_floor()) continue;
      std::vector<EntityId> ids;
      for (const auto& [id, x] : world) {
        ids.push_back(id);
        ASSERT_EQ(x_at(when, id), x) << "tick " << when << " seen from " << room.tick();
      }
      ASSERT_EQ(room.rewind(when)->with(moved), ids);
    }
  }
}

TEST(Past, its_memory_is_bounded) {
  World world(test::layout_of("struct Body { x: int; } table Note { text: string; }"));
  world.remember(40, 0);
  world.create(1, 0, 1);
  std::vector<std::byte> note(limits::opaque_bytes_max);
  for (Tick tick = 1; tick <= 30; ++tick) {
    world.past()->advance(tick);
    for (EntityId id = 1; id <= 100; ++id) {
      if (!world.has(id)) world.create(id, 0, tick);
      note[0] = static_cast<std::byte>(tick);
      world.replace(id, moved + 1, note, tick);
    }
  }
  EXPECT_GT(world.past()->floor(), 15U) << "1.6 MB a tick";
  EXPECT_LT(world.past()->floor(), 25U);
}

}  // namespace
}  // namespace tickrelay
