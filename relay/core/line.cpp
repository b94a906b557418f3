#include "relay/core/line.h"

#include <algorithm>
#include <tuple>

#include "relay/core/plant.h"
#include "relay/core/units.h"

namespace tickrelay {

namespace {

constexpr std::int64_t round_trip_period_ns = 10'000 * ms;
constexpr std::int64_t age_slack_ns = 100 * ms;    // beyond round trip and acknowledgement interval
constexpr std::int64_t jitter_slack_ns = 30 * ms;  // a game that polls 30 times a second is no queue
constexpr std::uint32_t budget_frames_per_s = 10;  // a budget is spent in frames of a tenth of a second
constexpr std::uint64_t age_target_ms = 300;
constexpr std::uint64_t frame_bytes_least = 200;
constexpr std::size_t in_flight_at_first = 3;
constexpr std::uint32_t clean_before_growth = 4;   // acknowledgements in a row that show no queue; one before there ever was a queue

}  // namespace

Line::Line(Position start, Position newest, std::uint32_t ack_interval_ms, bool packed)
    : position_(start), packed_(packed), in_stream_(!packed), acknowledged_(start.base), ack_interval_ms_(ack_interval_ms), newest_handed_(start.base),
      newest_event_(start.event), newest_direct_(start.direct) {
    behind_ = start.base == 0 || start.base != newest.base || start.event != newest.event;
}

std::optional<std::size_t> Line::choose(std::span<const FrameInfo> frames, EventNumber event) {
    // A line that lacks events takes them where they are: in a busy room the stream's frame has the higher base and need not carry
    // them. Never the whole for events alone.
    std::optional<std::size_t> best;
    std::tuple<bool, EventNumber, Tick> best_rank;
    const EventNumber have = std::max(event, position_.event);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const FrameInfo& frame = frames[i];
        if ((frame.base > position_.base && !PLANTED(newest_base)) || frame.tick <= position_.base) continue;
        if (frame.in_stream_only && !PLANTED(stream_for_all) && (!in_stream_ || frame.base != position_.base)) continue;
        if (frame.event_first > have + 1 && !PLANTED(event_gap)) continue;
        const EventNumber reaches = PLANTED(event_by_base) ? 0 : std::max(have, std::min(frame.event_last, frame.event_newest));
        const std::tuple rank{frame.base != 0, reaches, frame.base};
        if (best && rank <= best_rank) continue;
        best = i;
        best_rank = rank;
    }
    if (!best) behind_ = true;
    return best;
}

Line::Resync Line::resync(EventNumber event, EventNumber direct, std::int64_t now_ns) {
    if (event > newest_event_ || direct > newest_direct_) return Resync::never_sent;
    if (now_ns < resync_from_ns_) return Resync::too_soon;
    resync_from_ns_ = now_ns + limits::resync_ms * ms;
    position_ = {.base = 0,
                 .event = PLANTED(resync_events) ? position_.event : std::min(event, position_.event),
                 .direct = std::min(direct, position_.direct),
                 .applied = 0};
    behind_ = true;
    in_stream_ = !packed_;
    acknowledged_ = complete_ = 0;  // what is on its way will not be
    flight_count_ = 0;
    bytes_in_flight_ = 0;
    moved_ns_ = now_ns;
    return Resync::granted;
}

void Line::pace(std::uint32_t bytes_per_s) {
    budget_ = bytes_per_s == 0 ? room_budget_ : room_budget_ == 0 ? bytes_per_s : std::min(bytes_per_s, room_budget_);
    affords_ns_ = 0;  // who comes back is whole again with the next frame
}

bool Line::open(std::int64_t now_ns) {
    if (now_ns < std::max(affords_ns_, room_affords_ns_)) return false;
    if (flight_count_ == 0) return true;
    if (drains_) return false;
    const std::int64_t age_max =
        std::max<std::int64_t>(lowest_round_trip_ns(), 0) + ack_interval_ms_ * ms + age_slack_ns;
    if (now_ns - flight(0).sent_ns > age_max) window_ = 2;
    if (window_ >= window_open || flight_count_ < window_) return true;
    used_up_ = true;
    return false;
}

void Line::handed(const FrameInfo& frame, std::int64_t now_ns, std::size_t bytes) {
    const auto pays_until = [&](std::int64_t from_ns, std::uint32_t bytes_per_s) {
        return bytes_per_s == 0 ? 0 : std::max(from_ns, now_ns) + static_cast<std::int64_t>(bytes) * 1000 * ms / bytes_per_s;
    };
    affords_ns_ = pays_until(affords_ns_, budget_);
    room_affords_ns_ = pays_until(room_affords_ns_, room_budget_);
    position_.base = frame.tick;
    position_.event = std::max(position_.event, frame.event_last);
    if (PLANTED(event_reset) && frame.base == 0) position_.event = frame.event_newest;
    newest_handed_ = frame.tick;
    newest_event_ = std::max(newest_event_, position_.event);
    behind_ = position_.event < frame.event_newest;
    in_stream_ = !packed_ || frame.in_stream_only || frame.key;
    drains_ = false;
    if (!room_in_flight()) return;  // at high rates and long ways not each frame is timed
    bytes_in_flight_ += bytes;
    ++flight_count_;
    flight(flight_count_ - 1) = {.sent_ns = now_ns,
                                 .tick = frame.tick,
                                 .complete = frame.complete == 0 ? frame.tick : frame.complete,
                                 .bytes = static_cast<std::uint32_t>(bytes),
                                 .bytes_together = static_cast<std::uint32_t>(bytes_in_flight_),
                                 .together = static_cast<std::uint16_t>(flight_count_),
                                 .prompt = frame.kind != wire::FrameKind::Stream};
}

bool Line::room_in_flight() {
    const std::size_t had = in_flight_.size();
    if (flight_count_ < had) return true;
    if (had == limits::in_flight_max) return false;
    std::rotate(in_flight_.begin(), in_flight_.begin() + static_cast<std::ptrdiff_t>(flight_first_), in_flight_.end());
    flight_first_ = 0;
    const std::size_t more = std::min(std::max(had * 2, in_flight_at_first), limits::in_flight_max);
    in_flight_.reserve(more);  // to the byte
    in_flight_.resize(more);
    return true;
}

void Line::handed_yours(EventNumber event, EventNumber direct_last, std::uint32_t applied) {
    position_.event = std::max(position_.event, event);
    position_.direct = std::max(position_.direct, direct_last);
    position_.applied = applied;
    newest_event_ = std::max(newest_event_, position_.event);
    newest_direct_ = std::max(newest_direct_, position_.direct);
}

bool Line::acknowledge(Tick tick, EventNumber event, EventNumber direct, std::int64_t now_ns) {
    if (tick > newest_handed_ || event > newest_event_ || direct > newest_direct_) return false;
    if (tick <= acknowledged_) return true;
    acknowledged_ = complete_ = tick;
    moved_ns_ = now_ns;
    std::optional<InFlight> newest;
    bool prompt = false;  // what came together with a frame that is acknowledged at once was acknowledged at once
    while (flight_count_ > 0 && flight(0).tick <= tick) {
        newest = flight(0);
        prompt = prompt || newest->prompt;
        flight_first_ = (flight_first_ + 1) % in_flight_.size();
        --flight_count_;
        bytes_in_flight_ -= newest->bytes;
    }
    if (!newest) return true;
    if (newest->tick == tick) complete_ = newest->complete;
    learn(*newest, prompt, now_ns);
    return true;
}

// Whether frames queued before this one, on the way or at a slow reader. A window that is used up and shows no queue several times in a
// row grows; two frames queued halve it. Once is not enough: on a slow link the frame ahead may be nearly through by chance.
// Where the client may have waited with its acknowledgement only the part that it cannot have waited is known: enough to say that there
// is a queue, never that there is none.
void Line::learn(const InFlight& frame, bool prompt, std::int64_t now_ns) {
    std::int64_t took = now_ns - frame.sent_ns;
    if (prompt) {
        note_round_trip(took, now_ns);
    } else {
        took = std::max(took - ack_interval_ms_ * ms, std::min(took, lowest_round_trip_ns()));
    }
    const std::int64_t queued_ns = took - lowest_round_trip_ns();
    if (queued_ns > std::max(jitter_slack_ns, lowest_round_trip_ns() / 2)) {
        clean_ = 0;
        used_up_ = false;
        queue_seen_ = true;
        const auto drained = static_cast<std::uint64_t>(static_cast<double>(frame.bytes_together) * 1e9 / static_cast<double>(took));
        drain_bytes_per_s_ = drain_bytes_per_s_ == 0 ? drained : (drain_bytes_per_s_ * 3 + drained) / 4;
        const std::int64_t queued_quarters = frame.together * 4 * queued_ns / took;
        if (queued_quarters > 6) window_ = std::max<std::uint32_t>(2, std::min<std::uint32_t>(window_, frame.together) / 2);
    } else if (prompt && ++clean_ >= (queue_seen_ ? clean_before_growth : 1) && used_up_) {
        clean_ = 0;
        used_up_ = false;
        window_ = window_ * 2 >= window_open ? window_open : window_ * 2;
    }
}

std::uint32_t Line::frame_bytes_max() const {
    std::uint64_t most = budget_ == 0 ? 0 : std::max<std::uint64_t>(budget_ / budget_frames_per_s, frame_bytes_least);
    if (queue_seen_ && window_ < window_open && drain_bytes_per_s_ != 0) {
        const std::uint64_t drains = std::max<std::uint64_t>(drain_bytes_per_s_ * age_target_ms / 1000, frame_bytes_least);
        most = most == 0 ? drains : std::min(most, drains);
    }
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(most, 0xFFFFFFFF));
}

void Line::forget_way() {
    flight_count_ = 0;
    bytes_in_flight_ = 0;
    lowest_now_ns_ = lowest_before_ns_ = period_ends_ns_ = last_round_trip_ns_ = 0;
    window_ = 2;
    clean_ = 0;
    queue_seen_ = used_up_ = drains_ = false;
    drain_bytes_per_s_ = 0;
}

void Line::note_round_trip(std::int64_t round_trip_ns, std::int64_t now_ns) {
    last_round_trip_ns_ = last_round_trip_ns_ == 0 ? round_trip_ns : (last_round_trip_ns_ * 7 + round_trip_ns) / 8;
    if (now_ns >= period_ends_ns_) {
        lowest_before_ns_ = lowest_now_ns_;
        lowest_now_ns_ = round_trip_ns;
        period_ends_ns_ = now_ns + round_trip_period_ns;
        drains_ = window_ < window_open;  // two frames in flight on a slow link never show the way without a queue: one alone does
    }
    lowest_now_ns_ = std::min(lowest_now_ns_, round_trip_ns);
}

std::int64_t Line::lowest_round_trip_ns() const {
    return lowest_before_ns_ == 0 ? lowest_now_ns_ : std::min(lowest_before_ns_, lowest_now_ns_);
}

std::optional<std::int64_t> Line::waiting_since() const {
    if (flight_count_ == 0) return std::nullopt;
    return std::max(flight(0).sent_ns, moved_ns_);
}

}  // namespace tickrelay
