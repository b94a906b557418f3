// The thread of one loop: wakes, reads sockets in slices, runs the loop's step().
// Owner: whoever starts it; wake() and give() from any thread.
//
// While rooms tick, readable sockets do not wake the thread: it sleeps until wake() or the time that step() asked
// for, then handles all ready sockets, then steps. When step() asks for a time more than 20 ms away it is idle: then
// input wakes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "relay/run/lws_sockets.h"
#include "relay/run/waker.h"

namespace tickrelay {

struct LoopSteps {
    virtual ~LoopSteps() = default;
    // Called after input was handled: after a wake, at the returned time, and at other times. Returns when it wants
    // to run next without a wake, CLOCK_MONOTONIC.
    virtual std::int64_t step(std::int64_t now_ns) = 0;
};

class LoopThread {
  public:
    static constexpr std::int64_t idle_after_ns = 20'000'000;

    // Both must outlive the thread. `sockets` is open; its events go to the owner of `steps`.
    LoopThread(LwsSockets& sockets, LoopSteps& steps, std::string name);
    ~LoopThread() { stop(); }
    LoopThread(const LoopThread&) = delete;
    LoopThread& operator=(const LoopThread&) = delete;

    void start();
    void stop();  // after the step in hand; connections stay as they are

    void wake() { waker_.wake(); }
    void give(const Accepted& accepted);  // a new connection

    // Time not spent asleep, since start().
    std::uint64_t busy_ns() const { return busy_ns_.load(std::memory_order_relaxed); }
    std::uint64_t steps_run() const { return steps_run_.load(std::memory_order_relaxed); }

  private:
    void run();
    void sleep(std::int64_t now_ns, std::int64_t until_ns);
    void adopt_given();
    void adopt_some();

    LwsSockets& sockets_;
    LoopSteps& steps_;
    std::string name_;
    Waker waker_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> busy_ns_{0};
    std::atomic<std::uint64_t> steps_run_{0};

    std::atomic<bool> any_given_{false};
    std::mutex given_mutex_;  // new connections are rare
    std::deque<Accepted> given_;
    std::int64_t adopted_ns_ = 0;
    std::vector<Accepted> taken_;
    std::thread thread_;
};

}  // namespace tickrelay
