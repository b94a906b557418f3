// Rounding of field values, bit for bit as the relay does it (PROTOCOL.md, "Quantisation").
#pragma once

#include <cstdint>
#include <string>

#include "layout.h"

namespace tickrelay {
inline namespace sdk {

// The masked fields of a struct, in place. False: NaN or infinity in `field`, nothing is to be sent.
bool quantise(const Component& component, std::uint64_t mask, std::uint8_t* value, std::string& field);

}  // namespace sdk
}  // namespace tickrelay
