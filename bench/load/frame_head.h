#pragma once
// The few fields of a StateFrame that every client needs, read without looking at the rest: most clients of a load
// only count. Every offset is checked against the message's end.

#include <cstdint>
#include <optional>
#include <span>

#include "schema/protocol_generated.h"

namespace tickrelay::bench {

struct FrameFacts {
  std::uint32_t tick = 0;
  std::uint16_t span = 0;
  wire::FrameKind kind = wire::FrameKind::Stream;
  std::uint32_t event_first = 0;
  std::uint32_t events = 0;
  std::uint32_t complete = 0;

  std::uint32_t base() const { return span == 0 || span >= tick ? 0 : tick - span; }
  // State age counts from here.
  std::uint32_t complete_tick() const { return complete != 0 ? complete : tick; }
};

enum class MessageKind { frame, message, unknown };

MessageKind kind_of(std::span<const std::uint8_t> message);
std::optional<FrameFacts> read_frame_facts(std::span<const std::uint8_t> message);

}  // namespace tickrelay::bench
