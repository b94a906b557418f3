// A send tick: at most four frames, encoded once, and each player's own Yours, in one batch per loop.

#include <algorithm>

#include "relay/core/check.h"
#include "relay/run/framing.h"
#include "relay/run/worker.h"
#include "relay/core/plant.h"

namespace tickrelay {

namespace {

constexpr std::size_t frame_bytes_kept_max = 256 * 1024;  // a pooled frame that grew larger gives its memory back

}  // namespace

void Worker::send(Place& place, Tick now) {
    std::ranges::fill(batches_now_, nullptr);
    frames_.clear();
    sends_ = true;
    if (place.room->views() != nullptr)
        send_views(place, now);
    else
        send_whole(place, now);
    for (std::uint32_t loop = 0; loop < loops_.size(); ++loop) {
        if (batches_now_[loop] == nullptr) continue;
        Outbound item;
        item.kind = Outbound::Kind::batch;
        item.batch = batches_now_[loop];
        if (trace_ != nullptr) trace_handed(place, *item.batch);
        to_loops_[loop].send_always(std::move(item));
        loop_to_wake_[loop] = true;
    }
    sends_ = false;
    for (Frame* frame : frames_)
        if (frame->batches == 0) put_back(frame);
}

// Everyone sees all of it: frames are shared.
void Worker::send_whole(Place& place, Tick now) {
    wants_.clear();
    for (const Placed& player : place.placed)
        if (player.link->wants.load(std::memory_order_acquire)) {
            const Line::Position at = player.link->read();
            wants_.push_back({at.base, at.event});
        }
    const auto infos = place.room->frames().plan(place.room->world().newest(), place.room->events(), now, place.idle_ticks, wants_);
    infos_.assign(infos.begin(), infos.end());
    if (place.placed.empty()) {
        place.room->frames().break_stream();
    } else {
        if (place.room->frames().starts_stream()) place.room->packed()->start(encoder_.work(), place.room->world(), place.room->frames().tick());
        const std::int64_t began_ns = trace_ == nullptr ? 0 : clock_();
        for (const FrameInfo& info : infos_) frames_.push_back(encode(place, info));
        if (trace_ != nullptr && !frames_.empty()) trace_frames(place, began_ns);
    }
    for (std::uint32_t loop = 0; loop < loops_.size(); ++loop)
        if (!frames_.empty() && place.players_on_loop[loop] != 0) batch_for(place, loop);
    for (Placed& player : place.placed) add_yours(place, player, player.link->read(), now);
}

// The loop's batch of this room and tick. Null where the loop has not sent the earlier ones: its players fall behind and catch up.
Batch* Worker::batch_for(Place& place, std::uint32_t loop) {
    if (batches_now_[loop] != nullptr) return batches_now_[loop];
    if (place.batches_out[loop] >= limits::room_batches_max) {
        stats_.frames_superseded.add(place.players_on_loop[loop]);
        return nullptr;
    }
    Batch* batch = take_batch(place, loop);
    batch->frame_count = frames_.size();
    for (std::size_t i = 0; i < frames_.size(); ++i) {
        batch->infos[i] = infos_[i];
        batch->frames[i] = frames_[i];
        ++frames_[i]->batches;
    }
    ++place.batches_out[loop];
    return batches_now_[loop] = batch;
}

Frame* Worker::encode(Place& place, const FrameInfo& info) {
    const auto payload = encoder_.frame(place.room->world(), place.room->events(), info, place.room->packed(), &*place.frame_bytes);
    if (free_frames_.empty()) {
        if (free_frames_.capacity() <= all_frames_.size()) free_frames_.reserve(all_frames_.size() * 2 + 8);  // all of them come back
        frames_.reserve(limits::frames_per_tick_max);
        all_frames_.push_back(std::make_unique<Frame>());
        free_frames_.push_back(all_frames_.back().get());
    }
    Frame* frame = free_frames_.back();
    frame_into(frame->bytes, payload);
    free_frames_.pop_back();
    frame->number = next_frame_number();
    place.frame_bytes->end(frame->bytes.size());
    return frame;
}

void Worker::add_yours(Place& place, Placed& to, const Line::Position& at, Tick now) {
    YoursContent content{.tick = place.room->frames().tick()};
    if (!fill_yours(place, to, at, now, content)) return;
    if (Batch* batch = batch_for(place, to.connection.loop)) put_yours(*batch, *place.room->find(to.number), to, at, content);
}

// Whether there is anything to tell this player alone.
bool Worker::fill_yours(Place& place, const Placed& to, const Line::Position& at, Tick now, YoursContent& content) {
    Room& room = *place.room;
    Seat* seat = room.find(to.number);
    CHECK(seat != nullptr);
    content.applied_seq = seat->applied_seq;
    if (PLANTED(applied_early)) ++content.applied_seq;
    const bool new_applied = seat->applied_seq != at.applied;
    content.answered_seq = seat->answered_seq;
    const bool new_answer = to.link->yours_tick.load(std::memory_order_relaxed) < seat->answered_tick;
    content.early_seq = to.early_seq;
    content.early_us = to.early_us;
    const bool prompt = seat->prompt_acks || now - seat->told_applied >= room.ticks_of_ms(limits::prompt_yours_ms);
    if (const EventNumber direct = seat->direct.continues_at(at.direct); seat->direct.last() > direct) {
        content.direct_first = direct + 1;
        content.direct_last = seat->direct.run_end(
            content.direct_first, seat->role == wire::Role::Authority ? limits::authority_frame_event_bytes_max : limits::frame_event_bytes_max);
    }
    if (const EventNumber event = room.events().continues_at(at.event); at.event < event && !PLANTED(lost_untold)) {
        content.event = event;
        content.events_lost = event - at.event;
        const bool crosses = at.event < seat->leap_end && seat->leap_end <= event && !PLANTED(leap_lost);
        if (crosses) content.events_lost -= std::min(content.events_lost, seat->leap);
    }
    const bool block_due = seat->next_block.count != 0 && to.link->yours_tick.load(std::memory_order_relaxed) < seat->next_block_tick;
    if (block_due) {
        content.ids_first = seat->next_block.first;
        content.ids_count = seat->next_block.count;
    }
    return ((new_applied || new_answer) && prompt) || content.direct_first != 0 || content.event != 0 || block_due;
}

void Worker::put_yours(Batch& batch, Seat& seat, Placed& to, const Line::Position& at, const YoursContent& content) {
    seat.told_applied = content.tick;
    to.early_seq = 0;
    const auto payload = encoder_.yours(content, seat.direct);
    YoursItem item{.socket = to.connection.socket,
                   .generation = to.connection.generation,
                   .offset = static_cast<std::uint32_t>(batch.yours_bytes.size()),
                   .tick = content.tick,
                   .event = content.event,
                   .direct_last = content.direct_last,
                   .applied = content.applied_seq,
                   .after_event = at.event,
                   .after_direct = at.direct};
    std::byte header[websocket_header_max];
    const std::size_t header_bytes = write_websocket_header(header, payload.size());
    batch.yours_bytes.insert(batch.yours_bytes.end(), header, header + header_bytes);
    batch.yours_bytes.insert(batch.yours_bytes.end(), payload.begin(), payload.end());
    if (PLANTED(direct_forgotten)) seat.direct.forget_up_to(content.direct_last);
    item.bytes = static_cast<std::uint32_t>(header_bytes + payload.size());
    batch.yours.push_back(item);
}

Batch* Worker::take_batch(Place& place, std::uint32_t loop) {
    if (free_batches_.empty()) {
        if (free_batches_.capacity() <= all_batches_.size()) free_batches_.reserve(all_batches_.size() * 2 + 8);
        all_batches_.push_back(std::make_unique<Batch>());
        free_batches_.push_back(all_batches_.back().get());
    }
    Batch* batch = free_batches_.back();
    free_batches_.pop_back();
    batch->room = {place.record->slot, place.generation};
    batch->worker = index_;
    batch->loop = loop;
    batch->tenure = place.tenure;
    batch->frame_count = 0;
    batch->yours.clear();
    batch->yours_bytes.clear();
    batch->of_views = place.room->views() != nullptr;
    batch->views.clear();
    batch->view_bytes.clear();
    return batch;
}

// What the loops have sent: batches, and frames that no batch holds any more, are used again.
void Worker::take_back() {
    for (;;) {
        const std::size_t count = port_.batches.receive(batches_taken_);
        for (Batch* batch : std::span(batches_taken_).first(count)) {
            for (std::size_t i = 0; i < batch->frame_count; ++i)
                if (--batch->frames[i]->batches == 0) put_back(batch->frames[i]);
            if (Place* place = find(batch->room)) --place->batches_out[batch->loop];
            free_batches_.push_back(batch);
        }
        if (count < batches_taken_.size()) break;
    }
}

void Worker::put_back(Frame* frame) {
    if (frame->bytes.capacity() > frame_bytes_kept_max) std::vector<std::byte>().swap(frame->bytes);
    free_frames_.push_back(frame);
}

}  // namespace tickrelay
