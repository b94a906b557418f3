// Values from outside become values of a world: finite, within their range, on their steps. Bit for bit the same in every
// SDK (PROTOCOL.md, "Quantisation"), so: double arithmetic, one operation at a time, never a fused multiply-add.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "schema/state/quat.h"

namespace tickrelay {

// A Quantised field's step and the value at a step. REQUIRES: x is finite.
// Steps fit 32 bits: 0 to 2^31 with a range, else within ±(2^31 − 1).
std::int64_t step_of(const Field& field, double x);
double value_at(const Field& field, std::int64_t step);
// The value at a step in the field's own type, native bytes. REQUIRES: a Quantised field.
void store_step(const Field& field, std::int64_t step, std::byte* to);

// Brings the value (native width, any alignment) into the field's range and onto its steps, in place. False: refuse it
// (NaN, infinity); the value is then as it was. Sets clamped where the range changed the value, else leaves it.
// REQUIRES: no field of a quaternion, those go by fours.
[[nodiscard]] bool quantise(const Field& field, std::byte* value, bool& clamped);

// How many steps an angle's turn has, 0 to this exclusive; 0: it has none, or is no angle.
std::uint32_t steps_of_turn(const Field& field);

// The masked fields of a struct in its FlatBuffers layout, in place; clamped grows by how many were. Returns the field that
// is to be refused, or fields.size(). REQUIRES: quats = quats_of(fields), a quaternion's four in the mask or none.
std::size_t quantise_struct(std::span<const Field> fields, std::uint64_t quats, std::uint64_t mask, std::byte* value,
                            std::uint32_t& clamped);
// A struct of zeros, quantised: what was never written.
std::vector<std::byte> zero_of(std::span<const Field> fields, std::size_t bytes);

}  // namespace tickrelay
