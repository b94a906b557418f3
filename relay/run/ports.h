// The queues of a thread as the others see them, and how to wake it.
#pragma once

#include "relay/core/right.h"
#include "relay/run/messages.h"
#include "relay/run/queue.h"

namespace tickrelay {

// Thread-safe, cheap when called twice, never lost.
class Wakeable {
  public:
    virtual ~Wakeable() = default;
    virtual void wake() = 0;
};

struct LoopPort {
    explicit LoopPort(std::size_t depth_max) : outbox(depth_max), blocks(depth_max) {}
    Queue<Outbound> outbox;
    Queue<MessageBlock*> blocks;  // back from the workers
    Wakeable* waker = nullptr;     // set before threads start
    const Right* right = nullptr;  // likewise; null: it cannot end
};

struct WorkerPort {
    explicit WorkerPort(std::size_t depth_max) : inbox(depth_max), batches(depth_max) {}
    Queue<Inbound> inbox;
    Queue<Batch*> batches;  // back from the loops
    Wakeable* waker = nullptr;
    const Right* right = nullptr;  // as a loop's
    // When the worker's next tick is due: loops read inputs shortly before it.
    std::atomic<std::int64_t> next_due_ns{0};
    // For the watchdog: since when it is in a step (0: it is not), and which room it is at. To be compared, never followed.
    std::atomic<std::int64_t> step_began_ns{0};
    std::atomic<const RoomRecord*> at_room{nullptr};
    // What a join takes of the worker's time, smoothed: how many the loops let through at once.
    std::atomic<std::int64_t> join_cost_ns{0};

    // From any thread, for errands.
    void post(std::unique_ptr<Errand> errand) {
        Inbound item;
        item.kind = Inbound::Kind::errand;
        item.errand = std::move(errand);
        inbox.send_unordered(std::move(item));
        if (waker != nullptr) waker->wake();
    }
};

}  // namespace tickrelay
