// A component's values as 32-bit integers, "lanes": what codec `packed` works on. A field has one lane, or two where it is
// 64 bits wide. Equal lanes mean equal values, both ways (-0.0 and the bits of a NaN included).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "schema/state/field.h"

namespace tickrelay::packed {

struct Lanes {
  // REQUIRES: fields within a struct; none for an opaque component.
  explicit Lanes(std::span<const Field> fields);

  std::vector<Field> fields;
  std::vector<std::uint16_t> first;  // per field its first lane; one more entry: their number
  [[nodiscard]] std::size_t count() const { return first.back(); }
  [[nodiscard]] std::size_t of(std::size_t field) const { return std::size_t{first[field + 1]} - first[field]; }
  [[nodiscard]] std::uint64_t all() const { return fields.size() == 64 ? ~0ULL : (1ULL << fields.size()) - 1; }
};

// The lanes of one field, out of a struct in its FlatBuffers layout, to their places. REQUIRES: lanes.size() >= count().
void read_lanes(const Lanes& component, std::size_t field, const std::byte* value, std::span<std::int32_t> lanes);

// One field, native bytes. Returns how many.
std::size_t write_field(const Field& field, const std::int32_t* lanes, std::byte* to);

}  // namespace tickrelay::packed
