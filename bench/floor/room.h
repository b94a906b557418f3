#pragma once
// A room of the floor: entities of one component (x y z yaw) and what changed since its last frame.
// Owned by the floor's one thread. Nothing but what every relay must do: apply values, encode once.

#include <flatbuffers/flatbuffers.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "schema/protocol_generated.h"

namespace tickrelay::bench {

constexpr std::uint16_t floor_component = 3;  // after the relay's own three
constexpr std::uint8_t floor_all_fields = 0x0f;

class FloorRoom {
 public:
  FloorRoom(std::string id, std::int64_t zero_ns, std::uint32_t rate_hz);

  const std::string& id() const { return id_; }
  std::int64_t due_ns(std::uint32_t tick) const;
  std::uint32_t tick_at(std::int64_t now_ns) const;

  // A seat's entity is there from the start, all zero.
  void add(std::uint32_t entity);
  void remove(std::uint32_t entity);
  // Set, Spawn and Despawn; others are ignored.
  void apply(const wire::Action& action);

  // What changed since the last stream frame, as a WebSocket frame; empty where there is nothing to send.
  // Forgets the changes.
  std::span<const std::uint8_t> encode_stream(std::uint32_t tick);
  // Everything there is. Valid until the next call.
  std::span<const std::uint8_t> encode_whole(std::uint32_t tick);

  std::uint32_t tick = 0;              // of the last encode_stream that was due
  std::vector<std::uint32_t> members;  // descriptors
  std::uint32_t players_ever = 0;

 private:
  struct Entity {
    std::uint32_t id = 0;
    std::uint8_t changed = 0;
    std::array<float, 4> values{};
  };

  flatbuffers::Offset<wire::Column> column(bool whole);
  std::span<const std::uint8_t> finish(std::uint32_t tick, std::uint16_t span, wire::FrameKind kind,
                                       flatbuffers::Offset<wire::Column> column, std::vector<std::uint8_t>& out);

  std::string id_;
  std::int64_t zero_ns_;
  std::uint32_t rate_hz_;
  std::vector<Entity> entities_;
  std::unordered_map<std::uint32_t, std::uint32_t> places_;  // entity → index
  std::vector<std::uint32_t> removed_;
  std::uint32_t sent_tick_ = 0;
  bool changed_ = false;
  flatbuffers::FlatBufferBuilder builder_;
  std::vector<std::uint32_t> ids_;
  std::vector<std::uint8_t> masks_, values_, stream_, whole_;
};

}  // namespace tickrelay::bench
