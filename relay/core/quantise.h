// Values from outside become values of the world (schema/state/quantise.h), a component at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "relay/core/layout.h"
#include "schema/state/quantise.h"

namespace tickrelay {

// Quantises the masked fields of a component, packed as in an action or a column; clamped grows by how many were. False: refuse them.
// REQUIRES: mask within component.all(), a quaternion's four in it or none, packed.size() == component.packed_bytes(mask).
[[nodiscard]] bool quantise_packed(const Component& component, std::uint64_t mask, std::span<std::byte> packed,
                                   std::uint32_t& clamped);

// Copies the masked fields, and with each field of a quaternion the other three, which are then those of `present`, to `to`.
// Returns the mask of what is there.
// REQUIRES: as above; present is a value of the component, or empty: its zero; to has room for component.bytes.
std::uint64_t with_whole_quats(const Component& component, std::uint64_t mask, std::span<const std::byte> packed,
                               std::span<const std::byte> present, std::span<std::byte> to);

}  // namespace tickrelay
