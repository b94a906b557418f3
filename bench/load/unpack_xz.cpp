#include <lzma.h>

#include <memory>

#include "bench/load/recording.h"

namespace tickrelay::bench {
namespace {

constexpr std::uint64_t decoder_memory_max = std::uint64_t{256} << 20;
constexpr std::size_t part_bytes = std::size_t{1} << 20;

}  // namespace

std::vector<std::uint8_t> unpack_xz(std::span<const std::uint8_t> packed, std::size_t bytes_max) {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, decoder_memory_max, LZMA_CONCATENATED) != LZMA_OK) {
    throw RecordingError("the xz decoder cannot start");
  }
  const std::unique_ptr<lzma_stream, decltype(&lzma_end)> ended(&stream, lzma_end);
  std::vector<std::uint8_t> bytes;
  stream.next_in = packed.data();
  stream.avail_in = packed.size();
  lzma_ret result = LZMA_OK;
  while (result == LZMA_OK) {
    const std::size_t before = bytes.size();
    if (before > bytes_max) throw RecordingError("the recording is too large");
    bytes.resize(before + part_bytes);
    stream.next_out = bytes.data() + before;
    stream.avail_out = part_bytes;
    result = lzma_code(&stream, LZMA_FINISH);
    bytes.resize(bytes.size() - stream.avail_out);
  }
  if (result != LZMA_STREAM_END) throw RecordingError("the xz data is broken or cut off");
  return bytes;
}

}  // namespace tickrelay::bench
