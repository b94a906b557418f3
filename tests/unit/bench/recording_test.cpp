#include "bench/load/recording.h"

#include <gtest/gtest.h>
#include <lzma.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "bench/load/synthetic_recording.h"

namespace tickrelay::bench {
namespace {

std::vector<std::uint8_t> pack_xz(const std::vector<std::uint8_t>& bytes) {
  std::vector<std::uint8_t> packed(lzma_stream_buffer_bound(bytes.size()));
  std::size_t size = 0;
  const lzma_ret result = lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, nullptr, bytes.data(), bytes.size(),
                                                  packed.data(), &size, packed.size());
  EXPECT_EQ(result, LZMA_OK);
  packed.resize(size);
  return packed;
}

TEST(Recording, of_a_seed_reads_as_it_was_made) {
  const Recording recording = Recording::parse(synthetic_recording({.bodies = 12, .ticks = 90, .hz = 25}));
  EXPECT_EQ(recording.ticks(), 90U);
  EXPECT_EQ(recording.hz(), 25);
  ASSERT_EQ(recording.types().size(), 2U);
  EXPECT_EQ(recording.types()[0].name, "body");
  EXPECT_EQ(recording.types()[0].fields[4].name, "heading");
  EXPECT_EQ(recording.types()[0].fields[4].native_bytes, 2U);
  std::vector<RecordedEntity> entities;
  std::size_t visitors = 0;
  for (std::size_t tick = 0; tick < recording.ticks(); ++tick) {
    recording.tick(tick, entities);
    ASSERT_GE(entities.size(), 12U);
    EXPECT_EQ(entities[11].id, 11U);
    EXPECT_EQ(entities[11].values.size(), 5U);
    visitors += entities.size() - 12;
  }
  EXPECT_GT(visitors, 0U);
}

TEST(Recording, is_the_same_for_the_same_seed) {
  EXPECT_EQ(synthetic_recording({.seed = 5}), synthetic_recording({.seed = 5}));
  EXPECT_NE(synthetic_recording({.seed = 5}), synthetic_recording({.seed = 6}));
}

TEST(Recording, is_unpacked_where_it_is_packed) {
  const std::vector<std::uint8_t> bytes = synthetic_recording({});
  EXPECT_EQ(unpack_xz(pack_xz(bytes), Recording::bytes_max), bytes);
  EXPECT_EQ(Recording::parse(pack_xz(bytes)).ticks(), 300U);
}

TEST(Recording, that_is_broken_is_refused) {
  const std::vector<std::uint8_t> bytes = synthetic_recording({.bodies = 3, .ticks = 5});
  for (std::size_t count = 0; count < bytes.size(); ++count) {
    EXPECT_THROW(Recording::parse(std::span(bytes).first(count)), RecordingError) << count;
  }
  std::vector<std::uint8_t> packed = pack_xz(bytes);
  packed.resize(packed.size() - 9);
  EXPECT_THROW(Recording::parse(packed), RecordingError);
  EXPECT_THROW(unpack_xz(pack_xz(std::vector<std::uint8_t>(3 << 20)), 1 << 20), RecordingError);
}

// Whatever the bytes say, it is refused or read; nothing is read outside.
TEST(Recording, with_wrong_words_never_reads_outside) {
  const std::vector<std::uint8_t> bytes = synthetic_recording({.bodies = 2, .visitors = 0, .ticks = 3});
  std::vector<RecordedEntity> entities;
  for (std::size_t place = 4; place < bytes.size(); place += 4) {
    for (const std::uint8_t value : {0x00, 0x01, 0x7f, 0xff}) {
      std::vector<std::uint8_t> broken = bytes;
      std::fill_n(broken.begin() + static_cast<std::ptrdiff_t>(place), 4, value);
      try {
        const Recording recording = Recording::parse(broken);
        for (std::size_t tick = 0; tick < recording.ticks(); ++tick) recording.tick(tick, entities);
      } catch (const RecordingError&) {
        continue;
      }
    }
  }
}

TEST(Recording, reads_real_ones) {
  const std::filesystem::path folder = TRACES_FOLDER;
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no recordings at " << folder;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".xz") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    const auto recording = Recording::parse({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    EXPECT_GT(recording.ticks(), 0U) << entry.path();
    ++files;
  }
  EXPECT_GT(files, 0U);
}

}  // namespace
}  // namespace tickrelay::bench
