// The state schema of the built-in type `demo`: schema/examples/arena.fbs, compiled in.
#pragma once

#include <cstddef>
#include <span>

namespace tickrelay {

std::span<const std::byte> demo_schema();

}  // namespace tickrelay
