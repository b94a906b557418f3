// What happens to rooms and their players → the log, a line each with the room's trace id. Workers write to the ring as ever; this reads
// it on a thread of its own, which a reader of stderr that is slow holds up alone. Messages and results are not logged.
// Owner: the relay.
#pragma once

#include <cstdint>

#include "relay/door/event_ring.h"
#include "relay/run/alarm.h"

namespace tickrelay {

class RoomLog {
  public:
    // Ten times a second at most so many lines; what is above, as in a storm of returns, is one line that says how many.
    static constexpr std::size_t lines_at_once = 100;

    explicit RoomLog(const EventRing& ring) : ring_(ring) {}

    void start();
    void stop();  // what the ring has is written
    bool step();  // whether there was something

  private:
    const EventRing& ring_;
    std::uint64_t read_ = 0;  // up to here
    Alarm alarm_;
};

}  // namespace tickrelay
