#include "bench/peers/plain_dialect.h"

#include <cstring>

namespace tickrelay::bench {
namespace {

constexpr std::uint8_t welcome_kind = 1, frame_kind = 2;
constexpr std::size_t welcome_bytes = 3, frame_head_bytes = 4;
constexpr std::size_t entity_bytes = sizeof(std::uint16_t) + sizeof(Placement);

std::uint16_t read_u16(const std::uint8_t* bytes) {
  std::uint16_t value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

}  // namespace

Endpoint PlainDialect::seek(const Endpoint& server, const std::string& room) {
  if (!room.empty()) room_ = room;
  Endpoint endpoint = server;
  endpoint.path = "/" + room_;
  return endpoint;
}

bool PlainDialect::on_binary(DialectLine& line, std::span<const std::uint8_t> message) {
  if (message.size() == welcome_bytes && message[0] == welcome_kind) {
    line.seated(read_u16(message.data() + 1));
    return true;
  }
  if (message.size() < frame_head_bytes || message[0] != frame_kind) return false;
  const auto entities = message.subspan(frame_head_bytes);
  if (entities.size() != entity_bytes * read_u16(message.data() + 2)) return false;
  if (line.wants_values() && !tell_plain_entities(line, entities)) return false;
  line.frame();
  return true;
}

void PlainDialect::move(DialectLine& line, const Placement& placement) {
  line.send(Opcode::binary, {reinterpret_cast<const std::uint8_t*>(placement.data()), sizeof placement});
}

bool tell_plain_entities(DialectLine& line, std::span<const std::uint8_t> bytes) {
  if (bytes.size() % entity_bytes != 0) return false;
  for (; !bytes.empty(); bytes = bytes.subspan(entity_bytes)) {
    Placement placement;
    std::memcpy(placement.data(), bytes.data() + 2, sizeof placement);
    line.value(read_u16(bytes.data()), placement);
  }
  return true;
}

}  // namespace tickrelay::bench
