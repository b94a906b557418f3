// A client's copy of a room, written from PROTOCOL.md ("Frames") alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "faults.h"
#include "schema/packed/reader.h"
#include "schema/protocol_generated.h"

namespace tickrelay::sim {

// What Welcome.layout says, as far as decoding needs it.
struct Shape {
  struct Field {
    std::uint8_t bytes;
    std::uint16_t offset;
  };
  struct Component {
    std::uint16_t bytes = 0;
    std::vector<Field> fields;
    [[nodiscard]] std::size_t mask_bytes() const { return (fields.size() + 7) / 8; }
  };
  std::vector<Component> components;
  std::vector<packed::Lanes> lanes;
  std::uint64_t fingerprint = 0;

  static Shape of(const wire::Layout& layout);
};

class Mirror {
 public:
  struct Value {
    std::string bytes;
    std::uint64_t hash = 0;
    bool present = false;
  };

  // Forgets everything; what it has is 0.
  void reset(const Shape& shape);
  // REQUIRES: the frame may be applied.
  void apply(const wire::StateFrame& frame, wire::Codec codec);
  void new_connection() { in_stream_ = false; }

  [[nodiscard]] std::uint32_t have() const { return have_; }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  // Entities of which the last frame brought values.
  [[nodiscard]] std::span<const std::uint32_t> told() const { return told_; }
  [[nodiscard]] std::size_t size() const { return entities_.size(); }
  // Null where there is none.
  [[nodiscard]] const std::string* value(std::uint32_t entity, std::size_t component) const;
  [[nodiscard]] std::uint32_t owner(std::uint32_t entity) const;
  [[nodiscard]] static std::uint32_t owner_in(const std::vector<Value>& values);
  [[nodiscard]] const std::unordered_map<std::uint32_t, std::vector<Value>>& entities() const { return entities_; }

 private:
  struct FromPacked;

  void remove(std::uint32_t entity);
  void keep_only(std::span<const std::uint32_t> alive);
  void apply_packed(const wire::StateFrame& frame);
  void apply_parts(const wire::StateFrame& frame, wire::Codec codec);
  void apply_part(std::uint32_t chunk, std::uint8_t head, std::span<const std::uint8_t> bytes, wire::Codec codec);
  void leave_chunk(std::uint32_t chunk);
  static std::uint32_t take_hash(std::span<const std::uint8_t>& bytes);
  bool read_packed(packed::Context& stream, wire::FrameKind kind, std::span<const std::uint8_t> bytes);
  void put(std::uint32_t entity, std::size_t component, std::uint64_t mask, std::span<const std::byte> values);
  void apply_column(const wire::Column& column);
  void apply_opaque(const wire::Column& column);
  Value& touch(std::uint32_t entity, std::size_t component);
  void settle(Value& value, std::uint32_t entity, std::size_t component);

  Shape shape_;
  std::uint32_t have_ = 0;
  std::uint64_t hash_ = 0;
  std::unordered_map<std::uint32_t, std::vector<Value>> entities_;
  std::optional<packed::Context> stream_, empty_;
  // A room with views: each chunk's copy, and who is in which.
  struct Chunk {
    std::optional<packed::Context> stream;
    bool in_stream = false;
  };
  std::map<std::uint32_t, Chunk> chunks_;
  std::map<std::uint32_t, std::uint32_t> chunk_of_;  // entity
  std::map<std::uint32_t, std::uint32_t> leaving_;   // in the frame that is applied
  std::optional<std::uint32_t> part_;                // the chunk that is read
  std::vector<std::uint32_t> told_;                  // entities with values in the frame
  packed::Reader reader_;
  bool in_stream_ = false;
};

}  // namespace tickrelay::sim
