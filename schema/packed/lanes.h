// A component's values as 32-bit integers, "lanes": what codec `packed` works on. Each part of it, a field or a quaternion's
// four, is told with one flag and has lanes of its own: one, two where the field is 64 bits wide, five of a quaternion.
// Equal lanes mean equal values, both ways (-0.0 and the bits of a NaN included).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "schema/state/field.h"

namespace tickrelay::packed {

inline constexpr std::uint32_t turn_max = 1U << 30;  // steps: half a turn more still fits a lane

struct Part {
  std::uint8_t field = 0;  // its only one, or the first of four
  bool quat = false;       // lanes: the number of the largest, then the steps of all four
  bool boolean = false;    // a changed one is the other one
  std::uint16_t lane = 0;  // its first
  std::uint16_t lanes = 1;
  std::uint32_t turn = 0;  // of an angle: its lane goes round in so many steps; 0: it does not
  double precision = 0;    // of a quaternion
};

struct Lanes {
  // REQUIRES: fields within a struct; none for an opaque component.
  explicit Lanes(std::span<const Field> fields);

  std::vector<Field> fields;
  std::vector<Part> parts;
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::uint64_t all() const { return parts.size() == 64 ? ~0ULL : (1ULL << parts.size()) - 1; }
  // A mask of fields as one of parts, and back.
  [[nodiscard]] std::uint64_t parts_of(std::uint64_t mask) const { return parts.size() == fields.size() ? mask : gathered(mask); }
  [[nodiscard]] std::uint64_t fields_of(std::uint64_t mask) const { return parts.size() == fields.size() ? mask : spread(mask); }

 private:
  [[nodiscard]] std::uint64_t gathered(std::uint64_t fields) const;
  [[nodiscard]] std::uint64_t spread(std::uint64_t parts) const;
  std::size_t count_ = 0;
};

// The lanes of one part, out of a struct in its FlatBuffers layout, to their places. REQUIRES: lanes.size() >= count().
void read_lanes(const Lanes& component, const Part& part, const std::byte* value, std::span<std::int32_t> lanes);

// One part, native bytes. Returns how many.
std::size_t write_part(const Lanes& component, const Part& part, std::span<const std::int32_t> lanes, std::byte* to);

// An angle's step, the short way from `last`: it may leave the turn's steps, by half a turn.
inline std::int32_t nearest_in_turn(std::uint32_t turn, std::int32_t last, std::int32_t step) {
  const auto n = static_cast<std::int32_t>(turn);
  const std::int32_t way = step - last;  // both are below 2^30
  return last + (way > n / 2 ? way - n : way < -(n / 2) ? way + n : way);
}
// Back into the turn's steps.
inline std::int32_t within_turn(std::uint32_t turn, std::int32_t step) {
  const std::int64_t rest = step % static_cast<std::int64_t>(turn);
  return static_cast<std::int32_t>(rest < 0 ? rest + turn : rest);
}

}  // namespace tickrelay::packed
