// Between two values of a struct component, field by field: floats along the line, an `angle` the short way round, a `quat` as
// a whole, everything else in steps. Values are the struct in native layout.
#pragma once

#include <cstdint>
#include <vector>

#include "layout.h"

namespace tickrelay {
inline namespace sdk {

// way 0: from, 1: to; above 1 it goes on in the same direction, within the fields' ranges. `out` may be neither.
void blend(const Component& component, const std::uint8_t* from, const std::uint8_t* to, double way, std::uint8_t* out);

// What lies between two values, per field; 0 for fields that have only steps.
using Gap = std::vector<double>;
void gap_between(const Component& component, const std::uint8_t* from, const std::uint8_t* to, Gap& gap);
// value += gap × share.
void add_gap(const Component& component, const Gap& gap, double share, std::uint8_t* value);
double length_of(const Gap& gap);

}  // namespace sdk
}  // namespace tickrelay
