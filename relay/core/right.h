// The right to run rooms, where it can end while the process goes on. Any thread asks, at each tick and before frames leave.
#pragma once

#include <cstdint>

namespace tickrelay {

class Right {
  public:
    virtual ~Right() = default;
    // Of the present tenure; rooms that began in another one are somebody else's by now. 0: none at the moment, it may come back.
    [[nodiscard]] virtual std::uint32_t tenure() const = 0;
};

}  // namespace tickrelay
