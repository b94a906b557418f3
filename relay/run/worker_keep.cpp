// How rooms are kept: each at most every interval, less often where all of them would take more than a share of the worker's time, and
// only what changed. A room that was quiet is kept with the first frames after it changed.

#include <algorithm>

#include "relay/core/thrown.h"
#include "relay/run/worker.h"

namespace tickrelay {

namespace {

constexpr std::int64_t share_divisor = 20;                 // checkpoints take at most a twentieth of the worker,
constexpr std::int64_t budget_most_ns = 50'000'000;        // ... of which so much is saved up,
constexpr std::int64_t budget_scarce_ns = budget_most_ns / 4;  // ... and below this whoever waits longest is waited for
constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15ULL;  // its multiples spread evenly

}  // namespace

void Worker::keep_with(Keeper& keeper, std::int64_t interval_ns) {
    keeper_ = &keeper;
    keep_interval_ns_ = interval_ns;
}

// A room's turn within the interval is its own.
void Worker::begin_keeping(Place& place, std::int64_t now_ns) {
    const std::uint64_t share = std::uint64_t{next_phase_} * golden_ratio >> 48;  // of 65,536
    place.keep_due_ns = now_ns + keep_interval_ns_ * static_cast<std::int64_t>(share) / 65'536;
    place.kept_at_ns = now_ns;
    place.record->kept_ns.store(now_ns, std::memory_order_relaxed);
}

void Worker::keep_step(std::int64_t now_ns) {
    if (keep_filled_ns_ != 0)
        keep_budget_ns_ = std::min(keep_budget_ns_ + (now_ns - keep_filled_ns_) / share_divisor, budget_most_ns);
    keep_filled_ns_ = now_ns;
    keep_oldest_ns_ = 0;
    for (const auto& place : places_)
        if (place->room && place->keep_waits_since_ns != 0 && (keep_oldest_ns_ == 0 || place->keep_waits_since_ns < keep_oldest_ns_))
            keep_oldest_ns_ = place->keep_waits_since_ns;
}

// Where the share is nearly spent, who waits longest comes first: its frames may leave later than those of others that are due.
bool Worker::keep_is_due(Place& place, std::int64_t now_ns) {
    if (keeper_of(place) == nullptr || now_ns < place.keep_due_ns || !changed(place, now_ns)) return false;
    if (place.keep_waits_since_ns == 0) place.keep_waits_since_ns = now_ns;
    if (keep_budget_ns_ >= budget_scarce_ns || keep_oldest_ns_ == 0) return keep_budget_ns_ >= 0;
    return keep_budget_ns_ >= 0 && place.keep_waits_since_ns <= keep_oldest_ns_;
}

// A logic's own bytes are asked for once an interval: making them may take long.
bool Worker::changed(Place& place, std::int64_t now_ns) {
    if (!place.kept || place.kept_mark != CheckpointWriter::mark(*place.room)) return true;
    if (now_ns - place.logic_looked_ns < keep_interval_ns_) return false;
    place.logic_looked_ns = now_ns;
    return place.kept_logic_mark != CheckpointWriter::logic_mark(*place.room);
}

void Worker::take_checkpoint(Place& place, std::int64_t now_ns) {
    const bool due = keep_is_due(place, now_ns);
    const std::vector<CheckpointTaken> all = std::exchange(place.checkpoint_taken, {});
    if (!due && all.empty()) return;
    const std::int64_t started_ns = clock_();
    const auto bytes = checkpoints_.write(*place.room);
    if (due) keep(place, bytes, /*runs_on*/ true, {});
    for (const CheckpointTaken& taken : all)
        if (place.room) taken(*this, place, bytes);
    keep_budget_ns_ -= clock_() - started_ns;
}

void Worker::keep(Place& place, CheckpointWriter::Bytes bytes, bool runs_on, Keeper::Then then) {
    const std::int64_t now_ns = place.clock.due_ns(place.room->tick());
    const RoomRecordPointer& record = place.record;
    if (record->kept_ns.load(std::memory_order_relaxed) >= place.kept_at_ns)
        place.unkept_since_ns = std::max(place.kept_at_ns, now_ns - keep_interval_ns_);
    place.kept = true;
    place.kept_at_ns = place.logic_looked_ns = now_ns;
    place.kept_mark = CheckpointWriter::mark(*place.room);
    place.kept_logic_mark = CheckpointWriter::logic_mark(*place.room);
    place.keep_due_ns = now_ns + keep_interval_ns_;
    place.keep_waits_since_ns = 0;
    stats_.checkpoints.add();
    stats_.checkpoint_bytes.add(bytes.size());
    keeper_->keep(*record, place.room->term(), bytes, runs_on, [record, now_ns, then = std::move(then)](bool durable) {
        if (durable) record->kept_ns.store(now_ns, std::memory_order_relaxed);
        if (then) then(durable);
    });
}

void Worker::keep_at_next_send(Place& place, Keeper::Then then) {
    checkpoint_at_next_send(place, [then = std::move(then)](Worker& worker, Place& at, CheckpointWriter::Bytes bytes) {
        worker.keep(at, bytes, /*runs_on*/ true, then);
    });
}

void Worker::hand_over(Place& place, CloseCode code, std::string_view detail) {
    checkpoint_at_next_send(place, [code, detail = std::string(detail)](Worker& worker, Place& at, CheckpointWriter::Bytes bytes) {
        worker.keep(at, bytes, /*runs_on*/ false, {});
        worker.let_go(at, code, detail);
    });
}

void Worker::park(Place& place, Keeper::Then then) {
    checkpoint_at_next_send(place, [then = std::move(then)](Worker& worker, Place& at, CheckpointWriter::Bytes bytes) {
        worker.keep(at, bytes, /*runs_on*/ false, then);
        at.parked = true;
    });
}

void Worker::unpark(Place& place, std::string_view detail) {
    place.checkpoint_taken.clear();
    place.parked = false;
    place.keep_due_ns = 0;
    for (const Placed& player : place.placed) send_close(player.connection, CloseCode::going_away, detail);
    // Whose connections were lost meanwhile: their grace begins now.
    std::vector<PlayerNumber> lost;
    for (const auto& seat : place.room->seats())
        if (seat->connected() && placed(place, seat->number) == nullptr) lost.push_back(seat->number);
    try {
        for (const PlayerNumber number : lost)
            if (Seat* seat = place.room->find(number)) place.room->disconnect(*seat);
    } catch (...) {
        fail_thrown(place);
    }
}

void Worker::hand_over_now(Place& place, CloseCode code, std::string_view detail) {
    try {
        keep(place, checkpoints_.write(*place.room), /*runs_on*/ false, {});
    } catch (...) {
        return fail_thrown(place);
    }
    let_go(place, code, detail);
}

// How old the oldest change is that no durable checkpoint holds.
void Worker::keep_measure(std::int64_t now_ns) {
    std::int64_t since_ns = now_ns;
    for (const auto& place : places_) {
        if (!place->room || place->is_mirror()) continue;
        if (place->record->kept_ns.load(std::memory_order_relaxed) < place->kept_at_ns) {
            since_ns = std::min(since_ns, place->unkept_since_ns);
        } else if (!place->kept || place->kept_mark != CheckpointWriter::mark(*place->room)) {
            const std::int64_t noticed_ns = place->keep_waits_since_ns != 0 ? place->keep_waits_since_ns : now_ns - keep_interval_ns_;
            since_ns = std::min(since_ns, std::max(place->kept_at_ns, noticed_ns));
        }
    }
    stats_.checkpoint_age_s.set(static_cast<double>(now_ns - since_ns) / 1e9);
}

}  // namespace tickrelay
