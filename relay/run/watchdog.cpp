#include "relay/run/watchdog.h"

#include <algorithm>
#include <chrono>

namespace tickrelay {

Watchdog::Watchdog(std::span<WorkerPort* const> workers, const Lobby& lobby, std::int64_t patience_ns, StatsShard& stats,
                   std::function<void(const Stuck&)> report)
    : workers_(workers), lobby_(lobby), patience_ns_(patience_ns), stats_(stats), report_(std::move(report)), reported_(workers.size(), 0) {}

void Watchdog::look(std::int64_t now_ns) {
    std::int64_t stuck = 0;
    for (std::uint32_t i = 0; i < workers_.size(); ++i) {
        const std::int64_t began_ns = workers_[i]->step_began_ns.load(std::memory_order_relaxed);
        if (began_ns == 0 || now_ns - began_ns < patience_ns_) continue;
        ++stuck;
        if (std::exchange(reported_[i], began_ns) == began_ns) continue;
        const RoomRecordPointer room = held(workers_[i]->at_room.load(std::memory_order_relaxed));
        report_({.worker = i,
                 .room_id = room ? room->id : "",
                 .trace_id = room ? room->settings.trace_id : "",
                 .for_s = static_cast<double>(now_ns - began_ns) / 1e9});
    }
    stats_.workers_stuck.set(stuck);
}

// The room may be gone by now: only one that the lobby still has is looked at.
RoomRecordPointer Watchdog::held(const RoomRecord* room) const {
    for (RoomRecordPointer& record : lobby_.all())
        if (record.get() == room) return std::move(record);
    return {};
}

void Watchdog::start(std::function<std::int64_t()> clock) {
    const std::chrono::nanoseconds interval(std::clamp<std::int64_t>(patience_ns_ / 4, 10'000'000, 1'000'000'000));
    thread_ = std::thread([this, clock = std::move(clock), interval] {
        std::unique_lock lock(mutex_);
        while (!stops_.wait_for(lock, interval, [this] { return stopping_; })) look(clock());
    });
}

void Watchdog::stop() {
    if (!thread_.joinable()) return;
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    stops_.notify_all();
    thread_.join();
}

}  // namespace tickrelay
