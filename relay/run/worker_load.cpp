// Overload costs rates and ends nothing (rule 15): the send rate of the rooms that cost most, then their ticks.

#include "relay/run/worker.h"

namespace tickrelay {

namespace {

constexpr std::int64_t busy_period_ns = 1'000'000'000;
constexpr double busy_high = 0.9;  // share of a period above which rooms are slowed
// Below it they come back, a step a period. A step at most doubles what its rooms cost: no step back leads above busy_high again.
constexpr double busy_low = 0.4;
static_assert(busy_low * 2 < busy_high);
constexpr double smoothing = 0.2;  // of a figure once a second: about the last 5 s

}  // namespace

void Worker::measure_busy(std::int64_t started_ns) {
    const std::int64_t now_ns = clock_();
    busy_ns_ += now_ns - started_ns;
    if (now_ns - period_started_ns_ < busy_period_ns) return;
    const double share = static_cast<double>(busy_ns_) / static_cast<double>(now_ns - period_started_ns_);
    if (period_started_ns_ != 0) {
        stats_.busy.set(stats_.busy.read() + (std::min(share, 1.0) - stats_.busy.read()) * smoothing);
        if (share > busy_high)
            slow_down();
        else if (share < busy_low)
            speed_up();
        crowded_ = share > busy_low;
    }
    if (keeper_ != nullptr) keep_measure(now_ns);
    for (const auto& place : places_) {
        place->busy_ns = 0;
        if (place->room) place->frame_bytes->end_period(static_cast<double>(now_ns - period_started_ns_) / 1e9);
    }
    period_started_ns_ = now_ns;
    busy_ns_ = 0;
}

// Those that cost at least half of what the costliest does: one that burns alone, or all of many.
void Worker::slow_down() {
    std::int64_t most_ns = 0;
    for (const auto& place : places_)
        if (place->room) most_ns = std::max(most_ns, place->busy_ns);
    if (most_ns == 0) return;  // it went with a room that is gone
    for (const auto& place : places_)
        if (place->room && place->slowness < slowness_max && place->busy_ns >= most_ns / 2) set_slowness(*place, place->slowness + 1);
}

// The slowest first.
void Worker::speed_up() {
    std::uint32_t most = 0;
    for (const auto& place : places_)
        if (place->room) most = std::max(most, place->slowness);
    if (most == 0) return;
    for (const auto& place : places_)
        if (place->room && place->slowness == most) set_slowness(*place, most - 1);
}

void Worker::set_slowness(Place& place, std::uint32_t slowness) {
    if (place.slowness == 0) stats_.rooms_slowed.add(1);
    place.slowness = slowness;
    if (slowness == 0) {
        stats_.rooms_slowed.add(-1);
        return journal_of(*place.room).room_full_rate(*place.room);
    }
    const RoomSettings& settings = place.room->settings();
    const double tick_hz = static_cast<double>(settings.tick_rate) / place.tick_stride();
    const double send_hz = static_cast<double>(settings.send_rate) / place.send_stride();
    journal_of(*place.room).room_slowed(*place.room, std::min(send_hz, tick_hz), tick_hz);
}

}  // namespace tickrelay
