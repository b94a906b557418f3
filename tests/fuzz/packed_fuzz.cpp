// The bytes of packed frames, with the flags of their heads: two copies of a room read them, one keeps to the stream.
#include <array>
#include <cstdlib>

#include "tests/fuzz/bytes.h"
#include "tests/unit/schema/packed_scenes.h"

namespace tickrelay::fuzz {
namespace {

// The first byte: which layout. Of each message the first: bits 0 to 1 the kind, bit 2 a key tick, bit 3 for which copy.
void play(std::span<const std::byte> input) {
  static const std::vector<test::Scene> scenes = test::scenes();
  if (input.empty()) return;
  const test::Scene& scene = scenes[static_cast<std::size_t>(input[0]) % scenes.size()];
  const packed::ReadLimits limits{.entities = 256, .opaque_bytes = 1'000, .lanes = 50'000, .opaque_bytes_all = 50'000};
  std::array<test::PackedCopy, 2> copies = {test::PackedCopy(scene.shapes, limits),
                                            test::PackedCopy(scene.shapes, limits)};
  std::uint32_t tick = 0;
  each_message(input.subspan(1), [&](std::span<const std::byte> message) {
    if (message.empty()) return;
    const auto head = static_cast<std::uint8_t>(message[0]);
    test::PackedFrame frame{
        .tick = ++tick, .base = tick - 1, .kind = static_cast<test::Kind>((head & 3) % 3), .key = (head & 4) != 0};
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(message.data());
    frame.bytes.assign(bytes + 1, bytes + message.size());
    test::PackedCopy& copy = copies[head >> 3 & 1];
    (void)copy.apply(frame);  // a real client gives up at the first error: the reader must stand whatever comes
    (void)copy.hash();
    for (const auto& rows : copy.state())
      if (rows.size() > 2 * limits.entities) std::abort();
  });
}

}  // namespace
}  // namespace tickrelay::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tickrelay::fuzz::play(std::as_bytes(std::span(data, size)));
  return 0;
}
