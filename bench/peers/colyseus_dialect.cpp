#include "bench/peers/colyseus_dialect.h"

#include <array>
#include <cstring>
#include <utility>

namespace tickrelay::bench {
namespace {

enum Code : std::uint8_t { join_room = 10, room_state = 14, room_state_patch = 15, room_data_bytes = 17 };
// @colyseus/schema: operations are flags beside a field's number, or a byte of their own in a map.
constexpr std::uint8_t switch_to_structure = 255, type_id = 213;
constexpr std::uint8_t operation_bits = 0xc0, add_bit = 0x80, delete_operation = 0x40, clear_operation = 10;
constexpr std::string_view move_name = "move";
constexpr std::uint8_t short_string = 0xa0;  // and its length

}  // namespace

// Numbers and strings as @colyseus/schema writes them: much like msgpack, little endian. After a read beyond the end
// `good` is false and what was read is zero.
class ColyseusDialect::Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool good() const { return good_; }
  bool at_end() const { return bytes_.empty() || !good_; }
  std::uint8_t next() const { return bytes_.empty() ? 0 : bytes_[0]; }

  std::span<const std::uint8_t> take(std::size_t count) {
    good_ = good_ && count <= bytes_.size();
    if (!good_) return {};
    const auto taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  template <class Value>
  Value value() {
    Value read{};
    const auto taken = take(sizeof read);
    if (good_) std::memcpy(&read, taken.data(), sizeof read);
    return read;
  }
  std::uint32_t number() {
    const auto prefix = value<std::uint8_t>();
    if (prefix < 0x80) return prefix;
    if (prefix == 0xcc) return value<std::uint8_t>();
    if (prefix == 0xcd) return value<std::uint16_t>();
    if (prefix == 0xce) return value<std::uint32_t>();
    good_ = false;
    return 0;
  }
  std::string string() {
    const auto prefix = value<std::uint8_t>();
    if (prefix < short_string || prefix > 0xbf) good_ = false;  // none here has more than 31 letters
    return text(prefix & 0x1f);
  }
  std::string text(std::size_t count) {
    const auto taken = take(count);
    return {taken.begin(), taken.end()};
  }

 private:
  std::span<const std::uint8_t> bytes_;
  bool good_ = true;
};

Endpoint ColyseusDialect::seek(const Endpoint& server, const std::string& room) {
  seat_ = room.empty() ? reserve_seat(server, "create", "bench") : reserve_seat(server, "joinById", room);
  structures_.clear();
  own_ = 0;
  return seat_endpoint(server, "");
}

// As its SDK does by itself, without matchmaking.
Endpoint ColyseusDialect::seek_again(const Endpoint& server) {
  return seat_endpoint(server, "&reconnectionToken=" + token_ + "&skipHandshake=1");
}

Endpoint ColyseusDialect::seat_endpoint(const Endpoint& server, const std::string& more) const {
  Endpoint endpoint = server;
  endpoint.path = "/" + seat_.process_id + "/" + seat_.room_id + "?sessionId=" + seat_.session_id + more;
  return endpoint;
}

bool ColyseusDialect::on_binary(DialectLine& line, std::span<const std::uint8_t> message) {
  Reader bytes(message);
  switch (bytes.value<std::uint8_t>()) {
    case join_room: return take_join(line, bytes);
    case room_state: structures_ = {{0, {.kind = Structure::Kind::state}}}; break;
    case room_state_patch: break;
    default: return false;
  }
  // Who counts frames still has to learn which entity is its own.
  if ((line.wants_values() || own_ == 0) && !take_changes(line, bytes)) return false;
  if (own_ != 0 && !std::exchange(seated_, true)) line.seated(own_);
  line.frame();
  return true;
}

bool ColyseusDialect::take_join(DialectLine& line, Reader bytes) {
  token_ = bytes.text(bytes.value<std::uint8_t>());
  const std::array<std::uint8_t, 1> answer{join_room};
  line.send(Opcode::binary, answer);
  seated_ = false;
  return bytes.good();
}

bool ColyseusDialect::take_changes(DialectLine& line, Reader bytes) {
  std::uint32_t id = 0;
  while (!bytes.at_end()) {
    if (bytes.next() == switch_to_structure) {
      bytes.take(1);
      id = bytes.number();
    } else {
      const auto structure = structures_.find(id);
      if (structure == structures_.end() || !take_operation(bytes, structure->second.kind, id)) return false;
    }
  }
  tell(line);
  return bytes.good();
}

bool ColyseusDialect::take_operation(Reader& bytes, Structure::Kind kind, std::uint32_t id) {
  const auto first = bytes.value<std::uint8_t>();
  if (kind == Structure::Kind::players) return take_entry(bytes, first);
  const std::uint8_t field = first & ~operation_bits;
  if (kind == Structure::Kind::state) {
    if (field != 0) return false;
    structures_[bytes.number()].kind = Structure::Kind::players;
    return bytes.good();
  }
  Structure& player = structures_[id];
  if (field >= player.placement.size()) return false;
  player.placement[field] = bytes.value<float>();
  if (!std::exchange(player.changed, true)) changed_.push_back(id);
  return bytes.good();
}

// Of the map: who joined, who left.
bool ColyseusDialect::take_entry(Reader& bytes, std::uint8_t operation) {
  if (operation == clear_operation) return true;
  bytes.number();  // the entry's index
  const bool adds = (operation & add_bit) != 0;
  const std::string session = adds ? bytes.string() : "";
  if (operation == delete_operation) return bytes.good();
  const std::uint32_t id = bytes.number();
  if (adds && bytes.next() == type_id) {
    bytes.take(1);
    bytes.number();
  }
  structures_[id] = {};
  if (session == seat_.session_id) own_ = id;
  return bytes.good();
}

void ColyseusDialect::tell(DialectLine& line) {
  for (const std::uint32_t id : changed_) {
    Structure& player = structures_[id];
    player.changed = false;
    if (line.wants_values()) line.value(id, player.placement);
  }
  changed_.clear();
}

void ColyseusDialect::move(DialectLine& line, const Placement& placement) {
  std::array<std::uint8_t, 2 + move_name.size() + sizeof placement> message{room_data_bytes};
  message[1] = static_cast<std::uint8_t>(short_string | move_name.size());
  std::memcpy(message.data() + 2, move_name.data(), move_name.size());
  std::memcpy(message.data() + 2 + move_name.size(), placement.data(), sizeof placement);
  line.send(Opcode::binary, message);
}

}  // namespace tickrelay::bench
