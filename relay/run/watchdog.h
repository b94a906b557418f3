// Notices a worker that does not come back from a step: a room's logic that never returns. A thread cannot be ended alone, so all that
// can be done is to say so, and to end the process: the caller's choice.
// Owner: whoever starts it; a thread of its own looks, and reports.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "relay/run/lobby.h"
#include "relay/run/ports.h"
#include "relay/stats.h"

namespace tickrelay {

class Watchdog {
  public:
    struct Stuck {
        std::uint32_t worker = 0;
        std::string room_id;  // empty: in none
        std::string trace_id;
        double for_s = 0;
    };

    // All must outlive it. `report`: once a step, on the watchdog's thread.
    Watchdog(std::span<WorkerPort* const> workers, const Lobby& lobby, std::int64_t patience_ns, StatsShard& stats,
             std::function<void(const Stuck&)> report);
    ~Watchdog() { stop(); }

    void look(std::int64_t now_ns);

    void start(std::function<std::int64_t()> clock);
    void stop();

  private:
    [[nodiscard]] RoomRecordPointer held(const RoomRecord* room) const;

    std::span<WorkerPort* const> workers_;
    const Lobby& lobby_;
    std::int64_t patience_ns_;
    StatsShard& stats_;
    std::function<void(const Stuck&)> report_;
    std::vector<std::int64_t> reported_;  // per worker: the begin of the step that was

    std::mutex mutex_;
    std::condition_variable stops_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace tickrelay
