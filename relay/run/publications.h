// Where what workers publish of watched rooms goes. Called on workers; must be quick and never block.
#pragma once

#include <cstddef>
#include <span>

#include "relay/run/lobby.h"

namespace tickrelay {

class Publications {
  public:
    virtual ~Publications() = default;
    // A room begins, or goes on here: whoever wants to watch it from its first tick says so now.
    virtual void began(const RoomRecordPointer& room) = 0;
    // near, far: for a mirror of this relay, for those of other nodes. `bytes` are valid during the call.
    virtual void publish(RoomRecord& room, std::span<const std::byte> bytes, bool near, bool far) = 0;
    // It is no longer here: it goes on elsewhere, or its last publication said that it has ended.
    virtual void gone(RoomRecord& room) = 0;
};

}  // namespace tickrelay
