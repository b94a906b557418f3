// What a state frame adds to the bytes of codec packed.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "relay/core/encode.h"
#include "relay/core/limits.h"
#include "schema_text.h"
#include "tests/sim/random.h"

namespace tickrelay {
namespace {

constexpr std::size_t envelope_max = 40;
constexpr ComponentIndex note = first_schema_component;

struct PackedFrameTest : testing::Test {
  World world{test::layout_of("table Note { text: string; }")};
  EventLog events{limits::events_max, limits::event_bytes_max};
  Encoder encoder;
  PackedStream stream{world.layout()};
  sim::Random random{1};
  std::array<std::size_t, 4> seen{};  // frames by their payload's length modulo 4
  std::size_t most = 0;

  void write(std::size_t bytes, Tick now) {
    std::vector<std::byte> value(bytes);
    for (std::byte& byte : value) byte = static_cast<std::byte>(random.next());
    world.replace(1, note, value, now);
  }
  void measure(const FrameInfo& info) {
    const auto bytes = encoder.frame(world, events, info, &stream);
    flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    ASSERT_TRUE(verifier.VerifyBuffer<wire::StateFrame>("TRF1"));
    const auto* frame = flatbuffers::GetRoot<wire::StateFrame>(bytes.data());
    const std::size_t payload = frame->packed() ? frame->packed()->size() : 0;
    ++seen[payload % 4];
    most = std::max(most, bytes.size() - payload);
  }
};

TEST_F(PackedFrameTest, is_at_most_forty_bytes_longer_than_its_payload_whatever_its_length) {
  world.create(1, 0, 1);
  stream.start(encoder.work(), world, 1);
  Tick now = 1;
  for (std::size_t bytes = 0; bytes < 300; ++bytes) {
    write(bytes, ++now);
    measure({.base = now - 1, .tick = now, .in_stream_only = true});
    measure({.base = now - 1, .tick = now, .kind = wire::FrameKind::CatchUp});
    measure({.base = 0, .tick = now, .kind = wire::FrameKind::Whole});
  }
  for (const std::size_t count : seen) EXPECT_GT(count, 100U);
  EXPECT_LE(most, envelope_max);
  RecordProperty("envelope_bytes", std::to_string(most));
}

TEST_F(PackedFrameTest, is_no_longer_at_key_ticks_whose_hash_is_in_the_payload) {
  world.create(1, 0, 1);
  stream.start(encoder.work(), world, 1);
  Tick now = 1;
  for (std::size_t bytes = 0; bytes < 40; ++bytes) {
    write(bytes, ++now);
    measure({.base = now - 1, .tick = now, .in_stream_only = true, .key = true});
    measure({.base = 0, .tick = now, .kind = wire::FrameKind::Whole, .key = true});
    ++now;
    measure({.base = now - 1, .tick = now, .in_stream_only = true, .has_state = false});
  }
  EXPECT_LE(most, envelope_max);
}

TEST_F(PackedFrameTest, in_parts_is_no_longer_either) {
  for (std::size_t bytes = 0; bytes < 40; ++bytes) {
    const std::vector<std::uint8_t> parts(bytes);
    const auto frame = encoder.parts(parts, events, {.base = 3, .tick = 4}, bytes % 2 == 0);
    EXPECT_LE(frame.size() - bytes, envelope_max);
  }
}

}  // namespace
}  // namespace tickrelay
