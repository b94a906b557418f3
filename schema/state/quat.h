// Unit quaternions as "smallest three": the largest of the four follows from the others, which lie on steps. Bit for bit the
// same in every SDK (PROTOCOL.md, "Quaternions"), so: double arithmetic, one operation at a time, never a fused multiply-add.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "schema/state/field.h"

namespace tickrelay {

inline constexpr double quat_precision = 0.001;  // where a schema names none: at most about 0.2 degrees off
inline constexpr double quat_precision_min = 1e-6;
inline constexpr double quat_precision_max = 0.1;

// The first fields of a component's quaternions, as a mask. Fields that are not in a whole four are none.
std::uint64_t quats_of(std::span<const Field> fields);
// Whether every field with the flag belongs to a four of float32, on steps of one size, without a range.
bool quats_are_whole(std::span<const Field> fields);

// The mask with all four fields where it has one of them.
constexpr std::uint64_t with_whole_quats(std::uint64_t mask, std::uint64_t quats) {
  const std::uint64_t touched = (mask | mask >> 1 | mask >> 2 | mask >> 3) & quats;
  return mask | touched | touched << 1 | touched << 2 | touched << 3;
}

using Quat = std::array<float, 4>;

// A quaternion's place: the number of its largest, and the steps of all four (the largest one's follows from the others').
struct QuatSteps {
  std::int32_t largest = 3;
  std::array<std::int32_t, 4> steps{};
};

// REQUIRES: finite.
QuatSteps steps_of(double precision, const Quat& value);
Quat quat_at(double precision, const QuatSteps& at);
// steps[largest], from the other three.
std::int32_t step_of_largest(double precision, const QuatSteps& at);

// Native bytes, any alignment. False: refuse it (NaN, infinity); the value is then as it was.
[[nodiscard]] bool quantise_quat(double precision, const std::array<std::byte*, 4>& value);

}  // namespace tickrelay
