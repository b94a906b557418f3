// The values of a checkpoint's room, or of a publication: frames in codec plain. Foreign bytes.
#pragma once

#include <span>
#include <string>

#include "relay/core/world.h"
#include "schema/protocol_generated.h"

namespace tickrelay {

// Into an empty world; all values are stamped with the frame's tick, which must be `newest`. A text that names what is wrong, or empty.
std::string decode_world(std::span<const std::byte> frame, Tick newest, World& world);
// A frame that the verifier vouched for, into a world that has its base; from base 0 into any, which then has what the frame has and no
// more, but for components (see below). What differs is stamped `now`. A text that names what is wrong (the world may have part of it then), or empty.
std::string apply_frame(const wire::StateFrame& frame, World& world, Tick now);
// REQUIRES: from base 0. Whether it lacks a component that one of its entities has in the world: components only come, so a client's copy
// would keep it.
bool lacks_components(const wire::StateFrame& whole, const World& world);

}  // namespace tickrelay
