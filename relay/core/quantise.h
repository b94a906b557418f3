// Values from outside become values of the world: finite, within their range, on their steps. Bit for bit the same in
// every SDK (PROTOCOL.md, "Quantisation"), so: double arithmetic, one operation at a time, never a fused multiply-add.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "relay/core/layout.h"

namespace tickrelay {

// A Quantised field's step and the value at a step. REQUIRES: x is finite.
// Steps fit 32 bits: 0 to 2^31 with a range, else within ±(2^31 − 1).
std::int64_t step_of(const Field& field, double x);
double value_at(const Field& field, std::int64_t step);

// Brings the value (native width, any alignment) into the field's range and onto its steps, in place. False: refuse it
// (NaN, infinity); the value is then as it was. Sets clamped where the range changed the value, else leaves it.
[[nodiscard]] bool quantise(const Field& field, std::byte* value, bool& clamped);

// The same for the masked fields of a component, packed as in an action or a column; clamped grows by how many were.
// REQUIRES: mask within component.all(), packed.size() == component.packed_bytes(mask).
[[nodiscard]] bool quantise_packed(const Component& component, std::uint64_t mask, std::span<std::byte> packed,
                                   std::uint32_t& clamped);

}  // namespace tickrelay
