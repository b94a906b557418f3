// What a loop tells its trace. Without one nobody calls these.

#include "relay/run/loop.h"

namespace tickrelay {

// Nothing to tell where nothing was there to be sent.
void Loop::take_outbox_traced() {
    const std::int64_t began_ns = sockets_.now_ns();
    const std::uint64_t sends_before = sends_, bytes_before = sent_bytes_, batches_before = batches_;
    take_outbox();
    if (batches_ == batches_before) return;
    options_.trace->put({.kind = TraceSpan::Kind::pass,
                         .begin_ns = began_ns,
                         .end_ns = sockets_.now_ns(),
                         .figures = {sends_ - sends_before, sent_bytes_ - bytes_before}});
}

void Loop::send_traced(const Batch& batch) {
    const std::int64_t began_ns = sockets_.now_ns();
    const std::uint64_t sends_before = sends_, bytes_before = sent_bytes_;
    send_batch(batch);
    ++batches_;
    const Batch::Traced& traced = batch.traced;
    options_.trace->put({.kind = TraceSpan::Kind::wait,
                         .begin_ns = traced.handed_ns,
                         .end_ns = began_ns,
                         .figures = {traced.number, Trace::worker_thread(batch.worker)},
                         .room = traced.room});
    options_.trace->put({.kind = TraceSpan::Kind::write,
                         .begin_ns = began_ns,
                         .end_ns = sockets_.now_ns(),
                         .figures = {sends_ - sends_before, sent_bytes_ - bytes_before},
                         .batch = traced.number,
                         .room = traced.room});
}

}  // namespace tickrelay
