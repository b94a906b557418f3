// The values of a checkpoint's room: a Whole frame in codec plain. Foreign bytes.
#pragma once

#include <span>
#include <string>

#include "relay/core/world.h"

namespace tickrelay {

// Into an empty world; all values are stamped with the frame's tick, which must be `newest`. A text that names what is wrong, or empty.
std::string decode_world(std::span<const std::byte> frame, Tick newest, World& world);

}  // namespace tickrelay
