// The events of a whole fleet for one subscriber, in the order of the fleet's journal. They are read on another thread and wait here,
// bounded; take() never waits. Owner: its AdminSession.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tickrelay {

class EventFeed {
  public:
    struct Event {
        std::uint64_t seq = 0;        // in the fleet's journal
        std::uint64_t lost_from = 0;  // not 0: numbers lost_from to seq are no longer there, and there is no text
        std::string text = {};        // a JSON object; its own `seq` is its node's
    };

    virtual ~EventFeed() = default;
    virtual std::vector<Event> take(std::size_t count) = 0;
};

}  // namespace tickrelay
