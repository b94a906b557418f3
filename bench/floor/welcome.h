#pragma once
// The floor's answer to a Join.

#include <flatbuffers/flatbuffers.h>

#include <cstdint>
#include <string>

#include "schema/protocol_generated.h"

namespace tickrelay::bench {

struct FloorSeat {
  const std::string& room_id;
  std::uint32_t player;  // its entity has the same number
  std::uint32_t tick;
  std::uint32_t rate_hz;
  std::int64_t tick_zero_us;
};

flatbuffers::Offset<wire::Welcome> build_welcome(flatbuffers::FlatBufferBuilder& builder, const FloorSeat& seat);

}  // namespace tickrelay::bench
