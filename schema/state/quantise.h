// Values from outside become values of a world: finite, within their range, on their steps. Bit for bit the same in every
// SDK (PROTOCOL.md, "Quantisation"), so: double arithmetic, one operation at a time, never a fused multiply-add.
#pragma once

#include <cstddef>
#include <cstdint>

#include "schema/state/field.h"

namespace tickrelay {

// A Quantised field's step and the value at a step. REQUIRES: x is finite.
// Steps fit 32 bits: 0 to 2^31 with a range, else within ±(2^31 − 1).
std::int64_t step_of(const Field& field, double x);
double value_at(const Field& field, std::int64_t step);
// The value at a step in the field's own type, native bytes. REQUIRES: a Quantised field.
void store_step(const Field& field, std::int64_t step, std::byte* to);

// Brings the value (native width, any alignment) into the field's range and onto its steps, in place. False: refuse it
// (NaN, infinity); the value is then as it was. Sets clamped where the range changed the value, else leaves it.
[[nodiscard]] bool quantise(const Field& field, std::byte* value, bool& clamped);

}  // namespace tickrelay
