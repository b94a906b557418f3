// The golden frames of codec `packed`: small worlds, each with copies that are kept by different frames. No state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/schema/packed_copy.h"

namespace tickrelay::test {

struct Scene {
  std::string name;
  std::vector<Shape> shapes;
  Temper temper;
  std::uint32_t ticks = 100;
  std::uint32_t key_every = 30;
};
std::vector<Scene> scenes();
// Any layout and any temper.
Scene random_scene(std::uint64_t seed);

// A frame, the copies that take it, and what they then hold.
struct Told {
  PackedFrame frame;
  std::vector<std::size_t>
      to;  // 0: keeps to the stream. 1: is late now and then. 2: never in the stream, but by chance
  std::uint32_t digest = 0;
  State state;
};
std::vector<Told> play(const Scene& scene);

// As tests/golden/packed.json is written; of scenes() it is that file, to the byte.
std::string golden_text(const std::vector<Scene>& scenes);

}  // namespace tickrelay::test
