// The ring of events → the store, and back for who asks for what the ring no longer has. The ring is the only queue: where the store is
// slow it drops the oldest, and the journal keeps a record of the gap.
// Any thread but a worker's.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "relay/door/event_ring.h"
#include "relay/fleet/store.h"

namespace tickrelay {

// Nothing: a gap, or what a newer relay knows.
std::optional<RelayEvent> relay_event(StoredEvent from);
// As a JSON object: what it says of itself, and `node`.
std::string event_text(const StoredEvent& event, const std::string& node);

class JournalPump final : public EventArchive {
  public:
    JournalPump(EventRing& ring, Store& store) : ring_(ring), store_(store) {}

    void start();  // the ring's numbers go on above the store's
    void step();   // several times a second
    enum class Kept { yes, late, lost };
    // Whether the store has this number. late: not by the deadline; lost: the ring dropped it before the store took it.
    Kept wait_for(std::uint64_t seq, std::chrono::steady_clock::time_point deadline);

    std::optional<Page> read(std::uint64_t after, std::size_t count) override;

  private:
    EventRing& ring_;
    Store& store_;
    std::mutex mutex_;
    std::condition_variable moved_;
    std::uint64_t stored_ = 0;  // up to here
    bool writing_ = false;
    struct Gap {
        std::uint64_t from = 0, to = 0;
    };
    std::deque<Gap> gaps_;  // the newest
};

}  // namespace tickrelay
