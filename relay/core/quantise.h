// Values from outside become values of the world (schema/state/quantise.h), a component at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "relay/core/layout.h"
#include "schema/state/quantise.h"

namespace tickrelay {

// Quantises the masked fields of a component, packed as in an action or a column; clamped grows by how many were. False: refuse them.
// REQUIRES: mask within component.all(), packed.size() == component.packed_bytes(mask).
[[nodiscard]] bool quantise_packed(const Component& component, std::uint64_t mask, std::span<std::byte> packed,
                                   std::uint32_t& clamped);

}  // namespace tickrelay
