#include "bench/load/codec.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "bench/load/synthetic_recording.h"

namespace tickrelay::bench {
namespace {

void expect_sound(const CodecFigures& figures) {
  EXPECT_TRUE(figures.verified);
  EXPECT_GT(figures.payload_bytes_per_tick, 0);
  EXPECT_GE(figures.catch_up_bytes_per_tick, figures.payload_bytes_per_tick);
  EXPECT_GT(figures.message_bytes_per_tick, figures.payload_bytes_per_tick);
  EXPECT_GT(figures.encode_us_per_tick, 0);
  EXPECT_GT(figures.encode_ns_per_unchanged, 0);
  EXPECT_GT(figures.decode_us_per_tick, 0);
  EXPECT_GT(figures.changed_per_tick, 0);
}

void expect_sound_in_both(const Recording& recording) {
  const CodecFigures plain = measure_codec(recording, wire::Codec::Plain);
  const CodecFigures packed = measure_codec(recording, wire::Codec::Packed);
  expect_sound(plain), expect_sound(packed);
  EXPECT_EQ(plain.ticks, recording.ticks() - recording.ticks() / 2);
  EXPECT_EQ(packed.ticks, plain.ticks);
  EXPECT_EQ(packed.entities_per_tick, plain.entities_per_tick);
  EXPECT_EQ(packed.changed_per_tick, plain.changed_per_tick);
  EXPECT_EQ(plain.catch_up_bytes_per_tick, plain.payload_bytes_per_tick);
  EXPECT_LT(packed.payload_bytes_per_tick, plain.payload_bytes_per_tick / 2);
  EXPECT_LT(packed.payload_bytes_per_tick, packed.catch_up_bytes_per_tick);
}

TEST(Codec, gives_back_what_was_recorded) {
  expect_sound_in_both(Recording::parse(synthetic_recording({.bodies = 20, .visitors = 5, .ticks = 200})));
}

TEST(Codec, takes_recordings_in_which_everybody_comes_and_goes) {
  const Recording recording =
      Recording::parse(synthetic_recording({.seed = 3, .bodies = 0, .visitors = 30, .ticks = 400}));
  EXPECT_TRUE(measure_codec(recording, wire::Codec::Packed).verified);
  EXPECT_TRUE(measure_codec(recording, wire::Codec::Plain).verified);
}

TEST(Codec, gives_the_same_bytes_each_time) {
  const Recording recording = Recording::parse(synthetic_recording({.ticks = 60}));
  const CodecFigures first = measure_codec(recording, wire::Codec::Packed);
  const CodecFigures second = measure_codec(recording, wire::Codec::Packed);
  EXPECT_EQ(first.message_bytes_per_tick, second.message_bytes_per_tick);
  EXPECT_EQ(first.catch_up_bytes_per_tick, second.catch_up_bytes_per_tick);
}

TEST(Codec, refuses_more_entities_than_a_room_can_have) {
  const Recording recording = Recording::parse(synthetic_recording({.bodies = 16'385, .ticks = 2}));
  EXPECT_THROW(measure_codec(recording, wire::Codec::Packed), RecordingError);
}

TEST(Codec, gives_back_real_recordings) {
  const std::filesystem::path folder = TRACES_FOLDER;
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no recordings at " << folder;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".xz") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    SCOPED_TRACE(entry.path().filename());
    expect_sound_in_both(Recording::parse({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}));
    ++files;
  }
  EXPECT_GT(files, 0U);
}

}  // namespace
}  // namespace tickrelay::bench
