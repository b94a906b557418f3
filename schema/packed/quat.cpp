#include "schema/packed/quat.h"

#include <cmath>

namespace tickrelay::packed {

std::int32_t bend(std::int32_t value, double moved, double squares) {
  if (moved >= squares) return 0;  // no arc: more than a sixth of a turn, or nothing to turn
  const double by = std::floor(static_cast<double>(value) * moved / squares + 0.5);
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(-static_cast<std::int64_t>(by)));
}

}  // namespace tickrelay::packed
