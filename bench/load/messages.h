#pragma once
// What a client says: Join, Update, Ping, Leave as finished FlatBuffers.

#include <flatbuffers/flatbuffers.h>

#include <cstdint>
#include <span>
#include <string>

#include "schema/protocol_generated.h"

namespace tickrelay::bench {

struct JoinWish {
  wire::JoinMode mode = wire::JoinMode::JoinOrCreate;
  std::string room_id{}, type{}, player_id{}, ticket{}, session{};
  wire::Role role = wire::Role::Player;
  std::uint64_t fingerprint = 0;
  std::uint32_t have_term = 0, have_tick = 0, have_event = 0, have_direct = 0;
};

struct ActionWish {
  wire::ActionKind kind = wire::ActionKind::Set;
  wire::ActionFlags flags{};
  std::uint16_t component = 0;
  std::uint32_t seq = 0;
  std::uint32_t entity = 0;
  std::uint64_t mask = 0;
  std::span<const std::uint8_t> data{};
};

constexpr std::size_t update_actions_max = 64;

// Each call's bytes are valid until the next.
class MessageWriter {
 public:
  std::span<const std::uint8_t> join(const JoinWish& wish);
  // REQUIRES: at most update_actions_max actions.
  std::span<const std::uint8_t> update(const wire::Ack& ack, std::span<const ActionWish> actions);
  std::span<const std::uint8_t> ping(std::uint64_t client_us);
  std::span<const std::uint8_t> leave();
  // At this tick it saw that its copy is not right.
  std::span<const std::uint8_t> resync(std::uint32_t tick, std::uint32_t event, std::uint32_t direct);

 private:
  template <class Table>
  std::span<const std::uint8_t> finish(wire::Body kind, flatbuffers::Offset<Table> body);

  flatbuffers::FlatBufferBuilder builder_;
  std::vector<flatbuffers::Offset<wire::Action>> actions_;
};

}  // namespace tickrelay::bench
