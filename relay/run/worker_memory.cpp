// What a room's fault costs: that room. A logic that throws gets its last call; where there is no memory the room may be half done, so
// it goes as it is, its players are told `overloaded`, and nothing here may want memory that there is none of.

#include <new>

#include "relay/core/check.h"
#include "relay/core/plant.h"
#include "relay/core/thrown.h"
#include "relay/run/worker.h"

namespace tickrelay {

// REQUIRES: within a handler.
void Worker::fail_thrown(Place& place) {
    if (!place.room) return forget_half_made();
    try {
        throw;
    } catch (const std::bad_alloc&) {
        out_of_memory(place);
    } catch (...) {
        fail(place, thrown());
    }
}

// Whoever waits for its answer learns that nobody answers.
void Worker::run_errand(Errand& errand, std::int64_t now_ns) {
    port_.at_room.store(nullptr, std::memory_order_relaxed);
    try {
        errand.run(*this, now_ns);
    } catch (const std::bad_alloc&) {
        forget_half_made();
        for (const auto& place : places_)
            if (place->room && place->record.get() == port_.at_room.load(std::memory_order_relaxed)) return out_of_memory(*place);
    }
}

// A logic that throws loses its room, nothing else.
void Worker::fail(Place& place, std::string_view what) {
    try {
        close_room(place, CloseCode::logic_failed, "logic failed: " + std::string(what));
    } catch (...) {
        drop_room(place, CloseCode::logic_failed, "");
    }
}

void Worker::out_of_memory(Place& place) {
    forget_half_made();
    drop_room(place, CloseCode::overloaded, "no memory");
}

void Worker::drop_room(Place& place, CloseCode code, std::string_view why) {
    place.record->failed = code;
    lobby_.remove(place.record, /*only_if_empty*/ false);
    for (Placed& player : place.placed) {
        send_close(player.connection, code, why);
        end_shield(place, player, code, why);
    }
    try {
        journal_of(*place.room).room_closed(*place.room, why.empty() ? label(code) : why);
    } catch (const std::bad_alloc&) {
    }
    try {
        if (Keeper* keeper = keeper_of(place)) keeper->ended(*place.record);
    } catch (const std::bad_alloc&) {
    }
    publish_end(place, code);
    note_gone(place);
    count_room(place, -1);
    stats_.players.add(-static_cast<std::int64_t>(place.room->seats().size()));
    forget(place);
}

void Worker::forget_half_made() {
    encoder_.forget_half_made();
    checkpoints_.forget_half_made();
    if (!sends_) return;
    sends_ = false;
    for (Batch*& batch : batches_now_) {
        if (batch == nullptr) continue;
        for (Frame* frame : std::span(batch->frames).first(batch->frame_count)) --frame->batches;
        free_batches_.push_back(std::exchange(batch, nullptr));
    }
    for (Frame* frame : frames_)
        if (frame->batches == 0) put_back(frame);
    frames_.clear();
}

void Worker::settle(Place& place) {
    if (place.room->failure())
        fail(place, *place.room->failure());
    else if (place.room->closing())
        close_room(place, place.room->closes_with(), "closed");
    else if (place.room->expired() && lobby_.remove(place.record, /*only_if_empty*/ true))
        close_room(place, CloseCode::room_closed, "empty");
}

void Worker::set_aside(RoomRecord& record, std::string_view why) {
    if (keeper_ == nullptr || record.settings.mirror) return;
    try {
        keeper_->set_aside(record, why);
    } catch (const std::bad_alloc&) {  // it is where it was, for the next start
    }
}

void Worker::finish_step(std::int64_t now_ns) {
    try {
        journal_.flush();
        if (keeper_ != nullptr) keeper_->flush();
        measure_busy(now_ns);
    } catch (const std::bad_alloc&) {  // told in the next step
    }
}

// Whoever gives a slot back, or runs what is due, wants no memory for it.
std::uint32_t Worker::free_slot() {
    if (free_slots_.empty()) {
        if (free_slots_.capacity() <= places_.size()) {
            free_slots_.reserve(places_.size() * 2 + 8);
            due_.reserve(places_.size() * 2 + 8);
        }
        places_.push_back(std::make_unique<Place>());
        free_slots_.push_back(static_cast<std::uint32_t>(places_.size() - 1));
    }
    const std::uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
}

}  // namespace tickrelay
