// The lock-free queues between threads. The only place that knows moodycamel.
// Order holds per sender only. Unbounded underneath (pre-allocation starves senders), so bounded here by a count of our own.
// That count also hands over: a sender releases it before its item goes in, the receiver acquires it behind the item, so what the
// sender wrote is seen without reliance on the fences inside, which the thread sanitizer cannot follow (tools/tsan.supp).
#pragma once

#include <atomic>
#include <cstddef>
#include <span>

#include <concurrentqueue.h>

#include "relay/core/check.h"

namespace tickrelay {

template <typename Item>
class Queue {
  public:
    explicit Queue(std::size_t depth_max) : depth_max_(depth_max) {}

    // One per sending thread; lives no longer than the queue.
    class Sender {
      public:
        explicit Sender(Queue& queue) : queue_(&queue), token_(queue.items_) {}

        // False: full, the item is untouched.
        bool send(Item&& item) {
            if (queue_->depth_.load(std::memory_order_relaxed) >= queue_->depth_max_) return false;
            send_always(std::move(item));
            return true;
        }
        // For what is bounded elsewhere: seats, connections, pooled batches.
        void send_always(Item&& item) {
            queue_->depth_.fetch_add(1, std::memory_order_release);
            CHECK(queue_->items_.enqueue(token_, std::move(item)));  // no memory: what is lost here nobody would miss in time
        }

      private:
        Queue* queue_;
        moodycamel::ProducerToken token_;
    };

    // From any thread, without order to other items; costs more than a Sender.
    void send_unordered(Item&& item) {
        depth_.fetch_add(1, std::memory_order_release);
        CHECK(items_.enqueue(std::move(item)));
    }

    // Into `out`, at most its size; the only receiver calls it. Returns how many.
    std::size_t receive(std::span<Item> out) {
        const std::size_t count = items_.try_dequeue_bulk(receiver_, out.data(), out.size());
        if (count != 0) depth_.fetch_sub(count, std::memory_order_acquire);
        return count;
    }

    [[nodiscard]] std::size_t depth() const { return depth_.load(std::memory_order_relaxed); }

  private:
    moodycamel::ConcurrentQueue<Item> items_;
    moodycamel::ConsumerToken receiver_{items_};
    std::atomic<std::size_t> depth_{0};
    std::size_t depth_max_;
};

}  // namespace tickrelay
