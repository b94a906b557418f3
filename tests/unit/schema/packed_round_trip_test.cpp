// Random layouts and worlds, thousands of frames: every copy holds the state, whatever frames kept it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "schema/state/quantise.h"
#include "tests/unit/schema/packed_scenes.h"

namespace tickrelay::test {
namespace {

PackedWorld random_world(std::uint64_t seed) {
  const Scene scene = random_scene(seed);
  return {scene.shapes, scene.temper, seed};
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

// The bytes of a component's frames while its only entity moves on by `move`, a key tick every 30.
template <class Move>
std::size_t bytes_of(const Shape& shape, Move move) {
  const std::vector<Shape> shapes = {Shape{"game.Owner", {}, 0}.add(FieldType::UInt32), shape};
  packed::Context context(lanes_of(shapes));
  packed::Writer writer;
  const Value owner(4);
  Value value = zero_of(shape.fields, shape.bytes);
  const auto told = [&](std::uint64_t owned) {
    packed::Changes changes;
    changes.components.resize(2);
    if (owned != 0) changes.components[0].push_back({1, owned, owner.data(), 0});
    changes.components[1].push_back({1, (1ULL << shape.fields.size()) - 1, value.data(), 0});
    return changes;
  };
  writer.start(context, told(1));
  std::size_t bytes = 0;
  for (int tick = 1; tick <= 3'000; ++tick) {
    move(value, tick);
    std::uint32_t clamped = 0;
    quantise_struct(shape.fields, quats_of(shape.fields), ~0ULL, value.data(), clamped);
    std::vector<std::uint8_t> frame;
    writer.stream(context, told(0), frame);
    bytes += frame.size();
    if (tick % 30 == 0) context.settle();
  }
  return bytes;
}

void put_floats(Value& value, std::initializer_list<double> floats) {
  std::size_t at = 0;
  for (const double each : floats) {
    const auto x = static_cast<float>(each);
    std::memcpy(value.data() + 4 * at++, &x, sizeof x);
  }
}

TEST(PackedRoundTrip, an_angle_that_goes_round_costs_what_a_number_that_grows_costs) {
  const FieldFlags turn = FieldFlags::Quantised | FieldFlags::Ranged | FieldFlags::Angle;
  const auto angle = Shape{"game.Angle", {}, 0}.add(FieldType::Float32, turn, 1, 0, 360);
  const auto number = Shape{"game.Number", {}, 0}.add(FieldType::Float32, FieldFlags::Quantised, 1);
  for (const int speed : {7, 100, -31}) {  // a turn in 51, in less than 4, backwards in 12 ticks
    const auto move = [speed](Value& value, int tick) { put_floats(value, {static_cast<double>(speed * tick + tick % 3)}); };
    EXPECT_EQ(bytes_of(angle, move), bytes_of(number, move)) << speed;
  }
}

TEST(PackedRoundTrip, a_quaternion_costs_less_than_four_floats_of_its_steps) {
  const auto quat = Shape{"game.Quat", {}, 0}.add_quat(0.001);
  Shape floats{"game.Floats", {}, 0};
  for (int i = 0; i < 4; ++i) floats.add(FieldType::Float32, FieldFlags::Quantised, 0.001);
  const auto spin = [](Value& value, int tick) {
    const double angle = 0.06 * tick;
    put_floats(value, {0.6 * std::sin(angle), 0.64 * std::sin(angle), 0.48 * std::sin(angle), std::cos(angle)});
  };
  const std::size_t of_quat = bytes_of(quat, spin), of_floats = bytes_of(floats, spin);
  EXPECT_LT(of_quat * 4, of_floats * 3);
  EXPECT_LT(of_quat, 3'000U * 3 / 2) << "a steady spin is predicted, over every change of the largest";
}

}  // namespace
}  // namespace tickrelay::test
