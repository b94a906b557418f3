// tests/golden/packed.json: what every implementation of codec `packed` writes and reads.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/unit/schema/base64.h"
#include "tests/unit/schema/packed_scenes.h"

namespace tickrelay::test {
namespace {

std::string golden_file() {
  std::ifstream file(GOLDEN_PACKED, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Kind kind_of(const std::string& name) {
  return name == "stream" ? Kind::stream : name == "whole" ? Kind::whole : Kind::catch_up;
}

PackedFrame frame_of(const nlohmann::json& line) {
  return {.tick = line.at("tick"),
          .base = line.at("base"),
          .kind = kind_of(line.at("kind")),
          .key = line.contains("key"),
          .has_state = line.contains("packed"),
          .hash = line.value("hash", 0U),
          .bytes = from_base64(line.value("packed", ""))};
}

TEST(PackedGolden, the_same_inputs_encode_to_exactly_these_bytes) {
  const std::string file = golden_file(), made = golden_text(scenes());
  ASSERT_FALSE(file.empty());
  ASSERT_TRUE(file == made) << "the first difference is at byte "
                            << std::ranges::mismatch(file, made).in1 - file.begin();
}

TEST(PackedGolden, every_copy_holds_exactly_the_state_after_each_frame) {
  const auto golden = nlohmann::json::parse(golden_file());
  const std::vector<Scene> all = scenes();
  ASSERT_EQ(golden.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::vector<Shape>& shapes = all[i].shapes;
    std::vector<PackedCopy> copies;
    for (int n = 0; n < 3; ++n) copies.emplace_back(shapes);
    for (const auto& line : golden[i].at("frames")) {
      const PackedFrame frame = frame_of(line);
      for (const std::size_t to : line.at("to")) {
        PackedCopy& copy = copies[to];
        ASSERT_TRUE(frame.kind != Kind::stream || copy.in_stream());
        ASSERT_TRUE(copy.apply(frame)) << all[i].name << " tick " << frame.tick << ": " << copy.error();
        ASSERT_EQ(digest(shapes, copy.state()), line.at("digest")) << all[i].name << " tick " << frame.tick;
        ASSERT_EQ(frame.key ? copy.hash() : 0, frame.hash);
      }
    }
  }
}

TEST(PackedGolden, holds_frames_of_every_kind_to_every_copy) {
  std::size_t stream = 0, whole = 0, catch_up = 0, keys = 0, idle = 0, shared = 0;
  for (const Scene& scene : scenes())
    for (const Told& told : play(scene)) {
      stream += told.frame.kind == Kind::stream;
      whole += told.frame.kind == Kind::whole;
      catch_up += told.frame.kind == Kind::catch_up;
      keys += told.frame.key && told.frame.kind == Kind::catch_up;
      idle += !told.frame.has_state;
      shared += told.to.size() == 2;
    }
  EXPECT_GT(stream, 400U);
  EXPECT_GT(whole, 8U);
  EXPECT_GT(catch_up, 30U);
  EXPECT_GT(keys, 5U);
  EXPECT_GT(idle, 5U);
  EXPECT_GT(shared, 100U);
}

}  // namespace
}  // namespace tickrelay::test
