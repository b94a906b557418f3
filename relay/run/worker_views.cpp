// A send tick of a room with views: each chunk is encoded once, each player's frame is put together from parts.

#include <algorithm>

#include "relay/core/check.h"
#include "relay/run/framing.h"
#include "relay/run/worker.h"

namespace tickrelay {

namespace {

constexpr Tick span_max = 0xFFFF;  // of FrameHead

Tick base_from(const Line::Position& at, Tick now) { return now - std::min(now, at.base) > span_max ? 0 : at.base; }

}  // namespace

void Worker::send_views(Place& place, Tick now) {
    Room& room = *place.room;
    Views& views = *room.views();
    viewers_.clear();
    if (place.placed.empty()) return;
    room.look_around();
    // Before this tick's batches count among them.
    for (std::size_t loop = 0; loop < loops_.size(); ++loop) settled_[loop] = place.batches_out[loop] == 0;
    for (Placed& player : place.placed) {
        if (!may_look(player)) {
            // A loop looks again at who is behind when a batch comes.
            if (settled_[player.connection.loop]) batch_for(place, player.connection.loop);
            continue;
        }
        const Seat& seat = *room.find(player.number);
        viewers_.push_back({&player,
                            {.player = player.number,
                             .role = seat.role,
                             .team = seat.team,
                             .looks_from = &seat.looks_from,
                             .base = base_from(player.link->read(), now),
                             .bytes_max = seat.role == wire::Role::Authority ? 0 : player.link->frame_bytes_max.load(std::memory_order_relaxed)}});
        views.look(viewers_.back().second, now);
    }
    const std::int64_t began_ns = trace_ == nullptr ? 0 : clock_();
    views.encode(room.world(), encoder_, now, &*place.frame_bytes);
    room.frames().stand_at(now, room.events().last());
    for (const auto& [player, viewer] : viewers_) send_view(place, *player, viewer, now);
    if (trace_ != nullptr) trace_views(place, began_ns);
}

// A frame is made from what its line has: while one may still be on its way there, that is not known.
bool Worker::may_look(const Placed& to) const {
    if (!settled_[to.connection.loop]) return false;
    return to.link->wants.load(std::memory_order_acquire) || !to.link->behind.load(std::memory_order_relaxed);
}

void Worker::send_view(Place& place, Placed& to, const Viewer& viewer, Tick now) {
    Room& room = *place.room;
    const Line::Position at = to.link->read();
    if (base_from(at, now) != viewer.base) return;  // it asked for the whole just now
    parts_.clear();
    const Views::Composed composed = room.views()->compose(viewer, now, parts_);
    YoursContent yours{.tick = now};
    const bool has_yours = fill_yours(place, to, at, now, yours);
    const EventNumber has_event = std::max(at.event, yours.event);
    // One frame without state after those with some: it says that nothing moves any more, where silence would say that the link is slow.
    const bool idle = !to.moving && now - std::min(now, at.base) < place.idle_ticks;
    if (parts_.empty() && !composed.lists && !has_yours && room.events().last() <= has_event && idle) return;

    FrameInfo info{.base = viewer.base,
                   .tick = now,
                   .kind = viewer.base == 0                          ? wire::FrameKind::Whole
                           : to.link->behind.load(std::memory_order_relaxed) ? wire::FrameKind::CatchUp
                                                                             : wire::FrameKind::Stream,
                   .has_state = !parts_.empty(),
                   .event_newest = room.events().last(),
                   .complete = composed.complete};
    if (const EventNumber first = room.events().continues_at(has_event) + 1; first <= room.events().last()) {
        info.event_first = first;
        info.event_last = room.events().run_end(first, limits::frame_event_bytes_max);
    }
    Batch* batch = batch_for(place, to.connection.loop);
    if (batch == nullptr) return;
    to.moving = info.has_state;
    if (has_yours) put_yours(*batch, *room.find(to.number), to, at, yours);
    const auto payload = encoder_.parts(parts_, room.events(), info, composed.lists);
    const std::uint64_t number = next_frame_number();
    put_view(*batch, to.connection, number, info, payload);
    place.frame_bytes->end(batch->views.back().bytes - parts_.size());
    if (to.shield.generation == 0) return;
    if (Batch* copies = batch_for(place, to.shield.loop)) put_view(*copies, to.shield, number, info, payload);
}

void Worker::put_view(Batch& batch, const Connection& to, std::uint64_t number, const FrameInfo& info, Encoder::Bytes payload) {
    ViewItem item{.socket = to.socket, .generation = to.generation, .offset = batch.view_bytes.size(), .number = number, .info = info};
    std::byte header[websocket_header_max];
    const std::size_t header_bytes = write_websocket_header(header, payload.size());
    batch.view_bytes.insert(batch.view_bytes.end(), header, header + header_bytes);
    batch.view_bytes.insert(batch.view_bytes.end(), payload.begin(), payload.end());
    item.bytes = header_bytes + payload.size();
    batch.views.push_back(item);
}

}  // namespace tickrelay
