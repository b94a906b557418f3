#pragma once
// Recorded game state: the .gsr format, plain or packed with xz. Bytes in, values out; opens no files.
//
//   "GSR1"  u32 type_count  u32 tick_count  f32 hz
//   per type:  char[16] name  u32 field_count,  per field: char[16] name  u32 native_bytes (1, 2 or 4)
//   per tick:  u32 entity_count,  per entity: u32 type  u32 id  i32 value[fields of the type]
//
// Little endian; the entities of a tick are sorted by type and id, and one that is absent does not exist in it.

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace tickrelay::bench {

struct RecordedField {
  std::string name;
  std::uint32_t native_bytes = 4;
};

struct RecordedType {
  std::string name;
  std::vector<RecordedField> fields;
};

struct RecordedEntity {
  std::uint32_t type = 0, id = 0;
  std::span<const std::int32_t> values;  // in the recording
};

class RecordingError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Immutable after it was made.
class Recording {
 public:
  static constexpr std::size_t bytes_max = std::size_t{1} << 30;
  static constexpr std::uint32_t types_max = 64, fields_max = 64;

  // Of the bytes of a .gsr or .gsr.xz. Throws RecordingError.
  static Recording parse(std::span<const std::uint8_t> bytes);

  float hz() const { return hz_; }
  const std::vector<RecordedType>& types() const { return types_; }
  std::size_t ticks() const { return tick_words_.size(); }
  // The entities of a tick, into a vector that is used again and again. REQUIRES: number < ticks().
  void tick(std::size_t number, std::vector<RecordedEntity>& entities) const;

 private:
  class Reader;
  void read_types(Reader& reader, std::uint32_t count);
  void index_ticks(Reader& reader, std::uint32_t count);

  float hz_ = 0;
  std::vector<RecordedType> types_;
  std::vector<std::int32_t> words_;      // the whole file: everything in it is a multiple of four bytes
  std::vector<std::size_t> tick_words_;  // where each tick begins
};

// What xz -d does. Throws RecordingError, also above bytes_max.
std::vector<std::uint8_t> unpack_xz(std::span<const std::uint8_t> packed, std::size_t bytes_max);

}  // namespace tickrelay::bench
