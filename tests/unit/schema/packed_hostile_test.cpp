// Bytes that no encoder made: an error, or a state that could be, in bounded time and memory.
#include <gtest/gtest.h>

#include "tests/unit/schema/packed_scenes.h"

namespace tickrelay::test {
namespace {

const packed::ReadLimits limits{.entities = 64, .opaque_bytes = 200, .lanes = 20'000, .opaque_bytes_all = 5'000};

std::size_t entities_of(const State& state) {
  std::map<EntityId, int> ids;
  for (const auto& rows : state)
    for (const auto& [id, value] : rows) ids[id] = 1;
  return ids.size();
}

// What was read is possible, and the work was bounded by the limits.
void expect_possible(const PackedCopy& copy, const std::vector<Shape>& shapes, std::size_t told_before) {
  ASSERT_LE(copy.told() - told_before, limits.lanes + limits.opaque_bytes_all + limits.entities * shapes.size());
  for (std::size_t c = 0; c < shapes.size(); ++c) {
    ASSERT_LE(copy.state()[c].size(), limits.entities);
    for (const auto& [id, value] : copy.state()[c])
      ASSERT_LE(value.size(), shapes[c].fields.empty() ? limits.opaque_bytes : shapes[c].bytes);
  }
}

// A copy as it was before frame `until`, which then gets `bytes` instead, and the frames that follow.
void feed(const Scene& scene, const std::vector<Told>& told, std::size_t until, std::vector<std::uint8_t> bytes) {
  PackedCopy copy(scene.shapes, limits);
  for (std::size_t i = 0; i < told.size(); ++i) {
    const PackedFrame& frame = told[i].frame;
    if (told[i].to.front() != 0) continue;
    const std::size_t before = copy.told();
    PackedFrame given = frame;
    if (i == until) given.bytes = bytes;
    const bool good = copy.apply(given);
    expect_possible(copy, scene.shapes, before);
    ASSERT_EQ(good, copy.error().empty());
    if (!good || i > until + 4) return;
  }
}

TEST(PackedHostile, a_frame_cut_at_any_length_is_an_error_or_a_possible_state) {
  for (const Scene& scene : scenes()) {
    const std::vector<Told> told = play(scene);
    for (std::size_t i = 0; i < 24 && !testing::Test::HasFatalFailure(); ++i)
      for (std::size_t length = 0; length < told[i].frame.bytes.size(); ++length) {
        auto bytes = told[i].frame.bytes;
        bytes.resize(length);
        feed(scene, told, i, bytes);
      }
  }
}

TEST(PackedHostile, flipped_bits_are_an_error_or_a_possible_state) {
  Random random(3);
  for (const Scene& scene : scenes()) {
    const std::vector<Told> told = play(scene);
    for (int n = 0; n < 2'500 && !testing::Test::HasFatalFailure(); ++n) {
      const std::size_t i = random.below(24);
      auto bytes = told[i].frame.bytes;
      for (std::uint64_t flips = random.between(1, 4); flips > 0 && !bytes.empty(); --flips)
        random.pick(bytes) ^= static_cast<std::uint8_t>(1U << random.below(8));
      feed(scene, told, i, bytes);
    }
  }
}

TEST(PackedHostile, random_bytes_are_an_error_or_a_possible_state) {
  Random random(4);
  for (const Scene& scene : scenes()) {
    const std::vector<Told> told = play(scene);
    for (int n = 0; n < 1'500 && !testing::Test::HasFatalFailure(); ++n) {
      std::vector<std::uint8_t> bytes(random.below(400));
      const auto fill = random.below(3);
      for (std::uint8_t& byte : bytes)
        byte = fill == 0 ? 0xFF : fill == 1 && random.below(4) != 0 ? 0 : static_cast<std::uint8_t>(random.next());
      feed(scene, told, random.below(24), bytes);
    }
  }
}

TEST(PackedHostile, the_default_limits_hold_a_frame_of_a_few_bytes_to_bounded_work) {
  // All ones: the most that a few bytes can claim.
  for (const Scene& scene : scenes())
    for (const Kind kind : {Kind::stream, Kind::catch_up, Kind::whole})
      for (int fill = 0; fill < 256; fill += 5) {
        PackedCopy copy(scene.shapes);
        ASSERT_TRUE(copy.apply(play({scene.name, scene.shapes, scene.temper, 1}).front().frame));
        copy.apply({.tick = 2,
                    .base = 1,
                    .kind = kind,
                    .bytes = std::vector<std::uint8_t>(64, static_cast<std::uint8_t>(fill))});
        ASSERT_LE(entities_of(copy.state()), packed::ReadLimits{}.entities + 64);
      }
}

}  // namespace
}  // namespace tickrelay::test
