// What a worker tells its trace. Without one nobody calls these.

#include <algorithm>

#include "relay/run/worker.h"

namespace tickrelay {

namespace {

std::uint64_t unsigned_ns(std::int64_t ns) { return static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0)); }

}  // namespace

void Worker::trace_inputs(std::int64_t began_ns, std::span<const Inbound> taken) {
    std::int64_t waited_ns = 0;
    for (const Inbound& item : taken)
        if (item.kind == Inbound::Kind::actions) waited_ns = std::max(waited_ns, began_ns - item.read_ns);
    trace_->put({.kind = TraceSpan::Kind::inputs, .begin_ns = began_ns, .end_ns = clock_(), .figures = {taken.size(), unsigned_ns(waited_ns)}});
}

void Worker::trace_tick(const Place& place, Tick now, std::int64_t began_ns, std::int64_t took_ns) {
    trace_->put({.kind = TraceSpan::Kind::tick,
                 .begin_ns = began_ns,
                 .end_ns = began_ns + took_ns,
                 .figures = {now, unsigned_ns(began_ns - place.clock.due_ns(now))},
                 .room = TraceRoom(place.record->id)});
}

void Worker::trace_frames(const Place& place, std::int64_t began_ns) {
    std::uint64_t bytes = 0;
    for (const Frame* frame : frames_) bytes += frame->bytes.size();
    trace_encode(place, began_ns, frames_.size(), bytes);
}

// Of chunks, and of what each player gets of them.
void Worker::trace_views(const Place& place, std::int64_t began_ns) {
    std::uint64_t frames = 0, bytes = 0;
    for (const Batch* batch : batches_now_) {
        if (batch == nullptr) continue;
        frames += batch->views.size();
        bytes += batch->view_bytes.size();
    }
    if (frames != 0) trace_encode(place, began_ns, frames, bytes);
}

void Worker::trace_encode(const Place& place, std::int64_t began_ns, std::uint64_t frames, std::uint64_t bytes) {
    trace_->put({.kind = TraceSpan::Kind::encode,
                 .begin_ns = began_ns,
                 .end_ns = clock_(),
                 .figures = {frames, bytes},
                 .room = TraceRoom(place.record->id)});
}

void Worker::trace_handed(const Place& place, Batch& batch) {
    batch.traced = {.handed_ns = clock_(), .number = trace_->next_batch(), .room = TraceRoom(place.record->id)};
}

}  // namespace tickrelay
