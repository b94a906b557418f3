#include "relay/core/world.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>

#include "schema_text.h"

namespace tickrelay {
namespace {

constexpr ComponentIndex body = first_schema_component;

template <typename... Values>
std::vector<std::byte> packed(Values... values) {
  std::vector<std::byte> out;
  const auto put = [&out](auto value) {
    out.resize(out.size() + sizeof value);
    std::memcpy(out.data() + out.size() - sizeof value, &value, sizeof value);
  };
  (put(values), ...);
  return out;
}

LayoutPointer padded() {
  return test::layout_of("struct Body { a: ubyte; b: int; c: ushort; } table Note { text: string; }");
}

TEST(World, stamps_only_what_differs) {
  World world(padded());
  world.create(7, 1, 3);
  world.write(7, body, 0b111, packed(std::uint8_t{1}, std::int32_t{2}, std::uint16_t{3}), 3);
  EXPECT_EQ(world.write(7, body, 0b111, packed(std::uint8_t{1}, std::int32_t{5}, std::uint16_t{3}), 9), 0b010U);
  const Rows& rows = world.rows(body);
  EXPECT_EQ(rows.changed(rows.find(7), 3), 0b010U);
  EXPECT_EQ(rows.changed(rows.find(7), 9), 0U);
  EXPECT_EQ(world.newest(), 9U);
  EXPECT_EQ(world.write(7, body, 0b010, packed(std::int32_t{5}), 12), 0U);
  EXPECT_EQ(world.newest(), 9U) << "nothing changed";
}

TEST(World, adds_a_component_with_zeroes) {
  World world(padded());
  world.create(7, 1, 1);
  EXPECT_EQ(world.write(7, body, 0b100, packed(std::uint16_t{3}), 5), 0b111U);
  const auto value = world.get(7, body);
  std::int32_t b = -1;
  std::memcpy(&b, value.data() + 4, 4);
  EXPECT_EQ(b, 0);
}

TEST(World, an_opaque_value_is_replaced_as_a_whole) {
  World world(padded());
  world.create(7, 1, 1);
  world.replace(7, body + 1, packed(1, 2, 3), 2);
  world.replace(7, body + 1, packed(4), 4);
  EXPECT_EQ(world.get(7, body + 1).size(), 4U);
  world.replace(7, body + 1, packed(4), 8);
  EXPECT_EQ(world.newest(), 4U);
}

TEST(World, leaves_a_tombstone_in_the_order_of_deaths) {
  World world(padded());
  for (EntityId id = 1; id <= 3; ++id) world.create(id, 0, 1);
  world.remove(2, 4);
  world.remove(1, 6);
  ASSERT_EQ(world.tombstones().size(), 2U);
  EXPECT_EQ(world.tombstones()[0].died, 4U);
  EXPECT_EQ(world.tombstones()[1].id, 1U);
  EXPECT_FALSE(world.has(2));
  EXPECT_TRUE(world.get(2, owner_component).empty());
}

TEST(World, raises_the_floor_when_a_tombstone_falls_out) {
  World world(padded());
  world.set_tombstones_max(2);
  for (EntityId id = 1; id <= 4; ++id) world.create(id, 0, 1);
  world.remove(1, 4);
  world.remove(2, 5);
  EXPECT_EQ(world.tombstone_floor(), 0U);
  world.remove(3, 6);
  EXPECT_EQ(world.tombstone_floor(), 4U);
}

TEST(World, knows_no_history_after_a_restore) {
  World world(padded());
  world.create(1, 0, 1);
  world.create(2, 0, 1);
  world.remove(1, 3);
  world.forget_history(10);
  EXPECT_TRUE(world.tombstones().empty());
  EXPECT_EQ(world.tombstone_floor(), 10U);
  EXPECT_EQ(world.entities().newest()[0], 10U);
}

TEST(World, agrees_with_a_map_through_random_changes) {
  std::mt19937 random(5);
  World world(padded());
  std::map<EntityId, std::int32_t> truth;
  EntityId next = 1;
  for (Tick now = 1; now < 20'000; ++now) {
    if (truth.empty() || random() % 3 == 0) {
      world.create(next, 0, now);
      world.write(next, body, 0b010, packed(static_cast<std::int32_t>(now)), now);
      truth[next++] = static_cast<std::int32_t>(now);
    } else {
      auto it = truth.lower_bound(random() % next);
      if (it == truth.end()) it = truth.begin();
      if (random() % 3 == 0) {
        world.remove(it->first, now);
        truth.erase(it);
      } else {
        world.write(it->first, body, 0b010, packed(static_cast<std::int32_t>(now)), now);
        it->second = static_cast<std::int32_t>(now);
      }
    }
  }
  ASSERT_EQ(world.size(), truth.size());
  for (const auto& [id, b] : truth) {
    std::int32_t found = -1;
    ASSERT_EQ(world.get(id, body).size(), 12U);
    std::memcpy(&found, world.get(id, body).data() + 4, 4);
    EXPECT_EQ(found, b);
  }
}

TEST(IdTable, finds_what_is_there_after_any_erase) {
  std::mt19937 random(9);
  IdTable table;
  std::map<EntityId, IdTable::Row> truth;
  for (int i = 0; i < 50'000; ++i) {
    const EntityId id = random() % 300;
    if (truth.contains(id) && random() % 2 == 0) {
      table.erase(id);
      truth.erase(id);
    } else {
      table.put(id, static_cast<IdTable::Row>(i));
      truth[id] = static_cast<IdTable::Row>(i);
    }
    const EntityId other = random() % 300;
    ASSERT_EQ(table.find(other), truth.contains(other) ? truth[other] : IdTable::none);
  }
}

}  // namespace
}  // namespace tickrelay
