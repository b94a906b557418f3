// Random schemas: structs with gaps, nested widths and quantised fields; opaque tables.
#pragma once

#include "random.h"
#include "relay/core/layout.h"

namespace tickrelay::sim {

LayoutPointer random_layout(Random& random);

}  // namespace tickrelay::sim
