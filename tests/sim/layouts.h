// Random schemas: structs with gaps, nested widths and quantised fields; opaque tables.
#pragma once

#include "random.h"
#include "relay/core/layout.h"

namespace tickrelay::sim {

LayoutPointer random_layout(Random& random);
// The same with a component that says where an entity is: one to three fields of it, some quantised.
void make_position(LayoutPointer& layout, Random& random);

}  // namespace tickrelay::sim
