// Where rooms are kept for the next process. Called on workers; must be quick and never block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "relay/run/lobby.h"

namespace tickrelay {

class Keeper {
  public:
    // Whether it is durable now, by these bytes or by newer ones of the room. On any thread: must only hand on.
    using Then = std::function<void(bool durable)>;

    virtual ~Keeper() = default;
    // The room as it is now; newer bytes replace older ones that still wait. `runs_on`: its owner goes on from here, and what it gives
    // out afterwards may be lost. `bytes` are valid during the call.
    virtual void keep(RoomRecord& room, std::uint32_t term, std::span<const std::byte> bytes, bool runs_on, Then then) = 0;
    // It has ended: nothing of it is kept.
    virtual void ended(RoomRecord& room) = 0;
    // It could not be taken up: what is kept of it is for people to look at. ended() follows, and changes nothing.
    virtual void set_aside(RoomRecord& room, std::string_view why) = 0;
    virtual void flush() {}  // at the end of a step
};

}  // namespace tickrelay
