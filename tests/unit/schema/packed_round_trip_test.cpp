// Random layouts and worlds, thousands of frames: every copy holds the state, whatever frames kept it.
#include <gtest/gtest.h>

#include "tests/unit/schema/packed_scenes.h"

namespace tickrelay::test {
namespace {

Shape random_shape(Random& random, int number) {
  Shape shape{"c" + std::to_string(number), {}, 0};
  const std::uint64_t fields = number == 0             ? 1
                               : random.below(6) == 0  ? 0
                               : random.below(12) == 0 ? 64
                                                       : random.between(1, 9);
  for (std::uint64_t i = 0; i < fields; ++i) {
    const auto type = static_cast<FieldType>(random.below(11));
    const bool is_float = type == FieldType::Float32 || type == FieldType::Float64;
    const double low = static_cast<double>(random.between(-9, 0)), high = static_cast<double>(random.between(1, 100));
    const double precision = 1.0 / static_cast<double>(random.between(1, 5'000));
    switch (is_float ? random.below(5) : random.below(2) * 3) {
      case 1: shape.add(type, FieldFlags::Quantised, precision); break;
      case 2: shape.add(type, FieldFlags::Quantised | FieldFlags::Ranged, precision, low, high); break;
      case 3: shape.add(type, FieldFlags::Ranged, 0, type == FieldType::Bool ? 0 : low, high); break;
      case 4:
        shape.add(FieldType::Float32, FieldFlags::Quantised | FieldFlags::Ranged | FieldFlags::Angle, precision, low,
                  high);
        break;
      default: shape.add(type);
    }
  }
  return shape;
}

PackedWorld random_world(std::uint64_t seed) {
  Random random(seed);
  std::vector<Shape> shapes;
  for (int i = 0, count = static_cast<int>(random.between(1, 5)); i < count; ++i)
    shapes.push_back(random_shape(random, i));
  const Temper temper{.spawns = static_cast<std::uint32_t>(random.below(40)),
                      .removals = static_cast<std::uint32_t>(random.below(30)),
                      .additions = static_cast<std::uint32_t>(random.below(30)),
                      .changes = static_cast<std::uint32_t>(random.below(65)),
                      .rests = static_cast<std::uint32_t>(random.below(20)),
                      .entities_max = random.below(40) + 1};
  return {std::move(shapes), temper, seed};
}

PackedWorld lively_world(std::uint64_t seed) {
  const Scene scene = scenes()[0];
  return {scene.shapes, scene.temper, seed};
}

// Copies with every base there can be; each takes the stream where it can, and else a frame from its base or below.
void play_random(std::uint64_t seed, std::uint32_t ticks) {
  PackedWorld world = random_world(seed);
  PackedRelay relay(world);
  Random chance(seed + 1'000'000);
  std::vector<PackedCopy> copies;
  for (int i = 0; i < 4; ++i) copies.emplace_back(world.shapes());
  for (std::uint32_t n = 0; n < ticks; ++n, world.step()) {
    const bool key = n == 0 || chance.below(25) == 0;
    const std::uint32_t before = world.now() - 1;
    const PackedFrame stream = relay.stream(key);
    for (std::size_t i = 0; i < copies.size(); ++i) {
      PackedCopy& copy = copies[i];
      if (i != 0 && chance.below(6) == 0) continue;  // it misses this one
      if (n != 0 && copy.in_stream() && copy.tick() == before) {
        ASSERT_TRUE(copy.apply(stream)) << copy.error();
      } else {
        const std::uint32_t base =
            copy.tick() == 0 || chance.below(10) == 0
                ? 0
                : copy.tick() - static_cast<std::uint32_t>(chance.below(std::min(copy.tick(), 3U)));
        ASSERT_TRUE(copy.apply(relay.absolute(base, key, chance.below(3) == 0))) << copy.error();
      }
      ASSERT_EQ(copy.state(), world.state()) << "seed " << seed << " tick " << world.now() << " copy " << i;
      ASSERT_EQ(key ? copy.hash() : 0, stream.hash);
    }
  }
}

TEST(PackedRoundTrip, every_copy_holds_the_state_of_random_worlds) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    play_random(seed, 120);
    if (HasFatalFailure()) return;
  }
}

TEST(PackedRoundTrip, a_long_stream_without_key_ticks_stays_right) {
  PackedWorld world = lively_world(77);
  PackedRelay relay(world);
  PackedCopy copy(world.shapes());
  relay.stream(true);
  ASSERT_TRUE(copy.apply(relay.absolute(0, true)));
  for (int i = 0; i < 5'000; ++i) {
    world.step();
    ASSERT_TRUE(copy.apply(relay.stream(false))) << copy.error();
    ASSERT_EQ(copy.state(), world.state()) << i;
  }
}

// Where a term begins, the relay starts a context from its world; players come by frames.
TEST(PackedRoundTrip, a_started_context_is_the_one_that_frames_lead_to) {
  PackedWorld world = lively_world(5);
  PackedRelay relay(world);
  PackedCopy copy(world.shapes());
  relay.stream(true);
  ASSERT_TRUE(copy.apply(relay.absolute(0, true)));
  for (int i = 0; i < 200; ++i) {
    world.step();
    ASSERT_TRUE(copy.apply(relay.stream(i % 50 == 49)));
  }
  PackedRelay restored(world);
  EXPECT_EQ(restored.stream(true).hash, copy.hash());
  world.step();
  const PackedFrame next = relay.stream(false);
  EXPECT_EQ(restored.stream(false).bytes, next.bytes);
  EXPECT_TRUE(copy.apply(next));
  EXPECT_EQ(copy.state(), world.state());
}

TEST(PackedRoundTrip, a_changed_value_changes_the_hash) {
  PackedWorld world = lively_world(6);
  PackedRelay relay(world);
  std::uint32_t before = relay.stream(true).hash;
  EXPECT_NE(before, 0U);
  for (int i = 0; i < 300; ++i) {
    const State was = world.state();
    world.step();
    const std::uint32_t hash = relay.stream(true).hash;
    EXPECT_EQ(hash == before, world.state() == was) << i;
    before = hash;
  }
}

}  // namespace
}  // namespace tickrelay::test
