// Frames of rooms with views, codec plain, as a relay would send them.
#pragma once

#include "relay_bytes.h"

namespace tickrelay::test {

struct PartsBytes {
  std::uint32_t tick = 1;
  std::uint16_t span = 1;
  wire::FrameKind kind = wire::FrameKind::Stream;
  bool lists = false;
  Buffer parts = {};

  // kind: 0 stream, 1 catch-up, 2 whole
  PartsBytes& part(std::uint8_t chunk, std::uint8_t of_kind, const FrameBytes& frame) {
    const Buffer bytes = frame.bytes();
    parts.insert(parts.end(), {chunk, of_kind, static_cast<std::uint8_t>(bytes.size() | 0x80), static_cast<std::uint8_t>(bytes.size() >> 7)});
    parts.insert(parts.end(), bytes.begin(), bytes.end());
    return *this;
  }
  PartsBytes& unchanged(std::uint8_t chunk) {
    parts.insert(parts.end(), {chunk, 1, 0});
    return *this;
  }
  PartsBytes& gone(std::uint8_t chunk) {
    parts.insert(parts.end(), {chunk, 3});
    return *this;
  }
  [[nodiscard]] Buffer bytes() const {
    FlatBufferBuilder builder;
    const auto payload = builder.CreateVector(parts);
    auto flags = wire::FrameFlags::InParts;
    if (lists) flags |= wire::FrameFlags::ListsChunks;
    const wire::FrameHead head(tick, span, kind, flags);
    wire::StateFrameBuilder frame(builder);
    frame.add_head(&head);
    frame.add_packed(payload);
    builder.Finish(frame.Finish(), "TRF1");
    return bytes_of(builder);
  }
};

inline FrameBytes placed(std::vector<std::uint32_t> ids, float x) {
  Buffer values;
  std::vector<std::uint32_t> nobody(ids.size(), 9);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Buffer value = packed(x, 2.f, 3.f, 0.f);
    values.insert(values.end(), value.begin(), value.end());
  }
  return FrameBytes::whole(1, {owners(ids, nobody), transforms(ids, values)});
}

// Chunk 0 with entity 1, chunk 1 with 2 and 3.
inline Buffer first_view() {
  return PartsBytes{.tick = 10, .span = 0, .kind = wire::FrameKind::Whole}.part(0, 2, placed({1}, 1)).part(1, 2, placed({2, 3}, 5)).bytes();
}

}  // namespace tickrelay::test
