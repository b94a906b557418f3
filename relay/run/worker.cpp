#include "relay/run/worker.h"

#include <algorithm>
#include <new>
#include <utility>

#include "relay/core/check.h"
#include "relay/core/plant.h"
#include "relay/core/thrown.h"
#include "relay/core/units.h"

namespace tickrelay {

namespace {

constexpr std::int64_t second = 1'000 * ms;
// Rooms tick on a common grid, so that loops read and send for several at once; a room's phase is one of the grid's points.
constexpr std::uint32_t grid_hz = limits::tick_rate_max;
constexpr std::size_t take_at_once = 128;
constexpr std::int64_t idle_step_ns = 1'000 * ms;
constexpr std::uint32_t looked_for_after_ms = 3'000;
constexpr std::int64_t early_max_us = 100'000'000;

}  // namespace

Worker::Worker(std::uint32_t index, Clock clock, WorkerPort& port, std::span<LoopPort* const> loops, Lobby& lobby,
               Journal& journal, Sessions& sessions, StatsShard& stats)
    : index_(index), clock_(std::move(clock)), port_(port), loops_(loops), lobby_(lobby), journal_(journal), sessions_(sessions), stats_(stats), loop_to_wake_(loops.size()),
      taken_(take_at_once), batches_taken_(take_at_once), batches_now_(loops.size()), settled_(loops.size()) {
    for (LoopPort* loop : loops_) {
        to_loops_.emplace_back(loop->outbox);
        blocks_back_.emplace_back(loop->blocks);
    }
}

Worker::~Worker() = default;

std::int64_t Worker::step(std::int64_t now_ns) {
    port_.step_began_ns.store(now_ns, std::memory_order_relaxed);
    take_back();
    drain(now_ns);
    if (keeper_ != nullptr) keep_step(now_ns);
    run_due(now_ns);
    for (std::size_t loop = 0; loop < loops_.size(); ++loop) {
        if (!loop_to_wake_[loop]) continue;
        loop_to_wake_[loop] = false;
        if (loops_[loop]->waker != nullptr) loops_[loop]->waker->wake();
    }
    std::int64_t next = now_ns + idle_step_ns;
    bool players = false;
    for (const auto& place : places_) {
        if (!place->room) continue;
        next = std::min(next, place->due_ns);
        players |= !place->placed.empty();
    }
    port_.next_due_ns.store(next, std::memory_order_relaxed);
    finish_step(now_ns);
    port_.at_room.store(nullptr, std::memory_order_relaxed);
    port_.step_began_ns.store(0, std::memory_order_relaxed);
    return players ? std::min(next, now_ns + limits::drain_interval_ms * ms) : next;
}

void Worker::drain(std::int64_t now_ns) {
    stats_.queue_depth(QueueKind::inbox).set(static_cast<std::int64_t>(port_.inbox.depth()));
    for (;;) {
        const std::size_t count = port_.inbox.receive(taken_);
        const std::int64_t began_ns = trace_ == nullptr ? 0 : clock_();
        for (Inbound& item : std::span(taken_).first(count)) take(item, now_ns);
        if (trace_ != nullptr && count != 0) trace_inputs(began_ns, std::span(taken_).first(count));
        if (count < taken_.size()) break;
    }
}

void Worker::take(Inbound& item, std::int64_t now_ns) {
    if (item.kind == Inbound::Kind::errand) {
        const std::unique_ptr<Errand> errand = std::move(item.errand);
        run_errand(*errand, now_ns);
        return;
    }
    if (item.kind == Inbound::Kind::actions) {
        take_actions(item);
        blocks_back_[item.block->loop].send_always(std::move(item.block));
        return;
    }
    Place* place = find(item.room);
    if (place == nullptr) return;
    if (lost_shield(*place, item)) return;
    if (place->parked) {
        if (item.kind == Inbound::Kind::closed || item.kind == Inbound::Kind::left) unplace(*place, item.player);
        return;
    }
    Seat* seat = place->room->find(item.player);
    if (seat == nullptr || (seat->link != item.link && !PLANTED(old_link))) return;  // it has another connection by now
    try {
        switch (item.kind) {
            case Inbound::Kind::acknowledged: place->room->acknowledge(*seat, item.direct); break;
            case Inbound::Kind::left: place->room->end_seat(item.player, CloseCode::normal, "left"); break;
            case Inbound::Kind::closed:
                unplace(*place, item.player);
                place->room->disconnect(*seat);
                break;
            default: break;
        }
    } catch (...) {
        fail_thrown(*place);
    }
}

void Worker::take_actions(const Inbound& item) {
    Place* place = find(item.room);
    if (place == nullptr || place->parked) return;
    const Actions actions = trusted_actions(item.block->message());
    note_taken(*place, item, actions);
    port_.at_room.store(place->record.get(), std::memory_order_relaxed);
    const std::int64_t started_ns = crowded_ ? clock_() : 0;
    try {
        for (std::size_t i = 0; i < actions.size(); ++i) {
            Seat* seat = place->room->find(item.player);  // each time: a logic may end any seat
            if (seat == nullptr || seat->link != item.link) break;
            place->room->apply(*seat, actions.at(i));
        }
        if (crowded_) place->busy_ns += clock_() - started_ns;
    } catch (...) {
        fail_thrown(*place);
    }
}

// What was read after the deadline, because its tick is late, was just in time.
void Worker::note_taken(Place& place, const Inbound& item, const Actions& actions) {
    const auto at = std::ranges::find(place.placed, item.player, &Placed::number);
    if (at == place.placed.end() || at->connection.id() != item.link) return;
    at->link->inbox.fetch_sub(1, std::memory_order_relaxed);
    if (at->early_seq != 0) return;
    at->early_seq = actions.at(actions.size() - 1).seq;
    at->early_us = static_cast<std::uint32_t>(std::clamp<std::int64_t>((place.due_ns - item.read_ns) / 1000, 1, early_max_us));
}

Worker::Place* Worker::find(const RoomRef& ref) {
    if (ref.slot >= places_.size()) return nullptr;
    Place& place = *places_[ref.slot];
    return place.room && place.generation == ref.generation ? &place : nullptr;
}

Worker::Place& Worker::place_of(const Room& room) {
    const auto it = std::ranges::find_if(places_, [&](const auto& place) { return place->room.get() == &room; });
    CHECK(it != places_.end());
    return **it;
}

// ---------------------------------------------------------------------------------------------- rooms

Worker::Place* Worker::place_of(const RoomRecordPointer& record, std::int64_t now_ns) {
    port_.at_room.store(record.get(), std::memory_order_relaxed);
    if (record->slot != ~0U) return find({record->slot, record->slot_generation});
    try {
        Place& place = new_place(record);
        make_room(place);
        place.frame_bytes.emplace(place.room->world().layout());
    } catch (const std::bad_alloc&) {
        give_up(record, CloseCode::overloaded, "no memory");
        return nullptr;
    } catch (...) {
        give_up(record, CloseCode::logic_failed, thrown());
        return nullptr;
    }
    Place& place = *places_[record->slot];
    place.idle_ticks = place.room->ticks_of_ms(limits::idle_frame_ms);
    place_in_time(place, now_ns);
    begin_keeping(place, now_ns);
    count_room(place, 1);
    stats_.players.add(static_cast<std::int64_t>(place.room->seats().size()));
    const SavedRoomPointer state = std::move(record->state);
    try {
        Journal& journal = journal_of(*place.room);
        if (state) journal.room_restored(*place.room);
        else journal.room_spawned(*place.room);
        if (state && !place.is_mirror()) stats_.rooms_restored.add();
        if (state) place.room->restore_logic(state->logic);
        if (publications_ != nullptr && !place.is_mirror()) publications_->began(record);
    } catch (...) {
        if (state) set_aside(*record, thrown());
        fail_thrown(place);
    }
    return place.room ? &place : nullptr;
}

Worker::Place& Worker::new_place(const RoomRecordPointer& record) {
    record->slot = free_slot();
    Place& place = *places_[record->slot];
    const std::uint32_t generation = place.generation + 1;
    place = Place{};
    place.generation = record->slot_generation = generation;
    place.record = record;
    place.players_on_loop.resize(loops_.size());
    place.batches_out.resize(loops_.size());
    return place;
}

void Worker::make_room(Place& place) {
    RoomRecord& record = *place.record;
    auto logic = record.logic ? record.logic() : nullptr;
    if (record.state)
        place.room = std::make_unique<Room>(std::move(*record.state), record.how, std::move(logic), *this);
    else
        place.room = std::make_unique<Room>(record.settings, std::move(logic), record.term, *this);
}

// Its logic could not be made, or there is no memory for it: nobody was in it yet. Who is on the way to it learns why not.
void Worker::give_up(const RoomRecordPointer& record, CloseCode code, std::string_view what) {
    record->failed = code;
    if (record->state) set_aside(*record, what);
    lobby_.remove(record, /*only_if_empty*/ false);
    if (record->slot == ~0U) return;
    Place& place = *places_[record->slot];
    free_slots_.push_back(record->slot);
    place.room.reset();
    place.record.reset();
}

// The room's tick (0 for a new one) is now or just gone, on a point of the grid that the room's rate and turn give.
void Worker::place_in_time(Place& place, std::int64_t now_ns) {
    const std::uint32_t rate = place.room->settings().tick_rate;
    const std::uint32_t points = std::max(1U, grid_hz / rate);
    const std::int64_t offset = static_cast<std::int64_t>(next_phase_++ % points) * second / grid_hz;
    const TickClock grid{.zero_ns = offset, .rate_hz = rate};
    const Tick tick = place.room->tick();
    const TickClock age{.zero_ns = 0, .rate_hz = rate};
    place.clock = {.zero_ns = grid.due_ns(grid.at(now_ns)) - age.due_ns(tick), .rate_hz = rate};
    place.due_ns = place.clock.due_ns(tick + 1);
}

void Worker::run_due(std::int64_t now_ns) {
    due_.clear();
    for (std::uint32_t slot = 0; slot < places_.size(); ++slot)
        if (places_[slot]->room && places_[slot]->due_ns <= now_ns) due_.push_back(slot);
    for (const std::uint32_t slot : due_) {
        Place& place = *places_[slot];
        if (!place.room) continue;
        if (place.parked || !may_run(place)) {
            stand_still(place, now_ns);
            continue;
        }
        try {
            tick(place, now_ns);
            if (place.room) settle(place);  // else it was let go
        } catch (...) {
            if (!PLANTED(failed_kept)) fail_thrown(place);
        }
    }
}

// In the tenure that it began in, and while that holds.
bool Worker::may_run(Place& place) const {
    // What it follows may have changed by now: it would tell its spectators an age that is too low.
    if (place.is_mirror() && clock_() > place.record->present_until_ns.load(std::memory_order_relaxed)) return false;
    if (port_.right == nullptr) return true;
    const std::uint32_t tenure = port_.right->tenure();
    if (place.tenure == 0 || place.is_mirror()) place.tenure = tenure;
    return tenure != 0 && tenure == place.tenure;
}

// Its ticks go by. Where this node has had no right to it for a while, longer than JetStream's leader takes to be found where the lease is
// short, another may have it by now: its players are to look for it, and may resume here when it goes on. Those of a parked one are told
// soon where it went.
void Worker::stand_still(Place& place, std::int64_t now_ns) {
    const std::uint64_t now = place.clock.at(now_ns);
    place.stood = static_cast<std::uint32_t>(now - place.room->tick());
    place.due_ns = place.clock.due_ns(now + 1);
    const std::uint32_t tenure = port_.right == nullptr ? place.tenure : port_.right->tenure();
    const bool others = tenure != 0 && tenure != place.tenure && !place.is_mirror();
    const bool nobodys = tenure == 0 && place.stood >= place.room->ticks_of_ms(looked_for_after_ms);
    while (!place.parked && (others || nobodys) && !place.placed.empty()) {
        const Placed& player = place.placed.back();
        send_close(player.connection, CloseCode::going_away, "the room is between two nodes");
        unplace(place, player.number);
    }
}

void Worker::tick(Place& place, std::int64_t now_ns) {
    Room& room = *place.room;
    const std::int64_t started_ns = clock_();
    port_.at_room.store(place.record.get(), std::memory_order_relaxed);
    const Tick before = room.tick();
    const auto now = static_cast<Tick>(place.clock.at(now_ns));
    CHECK(now > before);
    if (place.stood != 0) room.forgive(std::exchange(place.stood, 0));
    room.advance(now);
    const std::uint32_t stride = room.settings().tick_rate / room.settings().send_rate * place.send_stride();
    const bool sends = now / stride > before / stride && may_run(place);  // asked again: a pause may have come in between
    if (sends) send(place, now);
    place.due_ns = place.clock.due_ns(now + place.tick_stride());
    const std::int64_t took_ns = clock_() - started_ns;
    place.busy_ns += took_ns;
    if (trace_ != nullptr) trace_tick(place, now, started_ns, took_ns);
    const double took_us = static_cast<double>(took_ns) / 1e3;
    place.tick_mean_us += (took_us - place.tick_mean_us) / 64;
    place.tick_max_us = std::max(place.tick_max_us, took_us);
    stats_.tick_duration.observe(took_us / 1e6);

    ++place.ticks;
    place.ticks_skipped += now - before - 1;
    stats_.ticks.add();
    stats_.ticks_skipped.add(now - before - 1);
    stats_.tick_lateness.observe(static_cast<double>(started_ns - place.clock.due_ns(now)) / 1e9);
    if (sends && (keeper_ != nullptr || !place.checkpoint_taken.empty())) take_checkpoint(place, now_ns);
    if (sends && place.publisher && place.room) publish(place, now, now_ns);
}

void Worker::close_room(Place& place, CloseCode code, std::string_view reason) {
    lobby_.remove(place.record, /*only_if_empty*/ false);
    if (place.publisher) publish_last(place);
    try {
        place.room->end_all(code, reason);
    } catch (...) {  // on_close of a failed logic: it is going anyway
        place.room->forget_logic();
        place.room->end_all(code, reason);
    }
    journal_of(*place.room).room_closed(*place.room, reason);
    if (Keeper* keeper = keeper_of(place)) keeper->ended(*place.record);
    publish_end(place, code);
    note_gone(place);
    count_room(place, -1);
    forget(place);
}

void Worker::let_go(Place& place, CloseCode code, std::string_view detail) {
    lobby_.remove(place.record, /*only_if_empty*/ false);
    for (Placed& player : place.placed) {
        send_close(player.connection, code, detail);
        end_shield(place, player, code, detail);
    }
    journal_of(*place.room).room_let_go(*place.room, label(code));
    note_gone(place);
    count_room(place, -1);
    stats_.players.add(-static_cast<std::int64_t>(place.room->seats().size()));
    forget(place);
}

void Worker::forget(Place& place) {
    if (place.slowness != 0) stats_.rooms_slowed.add(-1);
    place.slowness = 0;
    free_slots_.push_back(place.record->slot);
    place.room.reset();
    place.record.reset();
    place.placed.clear();
    place.publisher.reset();
    place.checkpoint_taken.clear();  // who waits for one learns that there will be none
}

}  // namespace tickrelay
