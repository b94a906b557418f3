#include "relay/run/loop_thread.h"

#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>
#include <utility>

#include "relay/core/check.h"

namespace tickrelay {
namespace {

constexpr unsigned long timer_slack_ns = 1'000;  // the kernel's default of 50 µs would be each tick's
constexpr std::size_t adopted_at_once = 16;
constexpr std::int64_t adoption_pause_ns = 500'000;
constexpr std::int64_t early_ns = 2'000'000;     // libev waits in whole milliseconds; the rest is slept exactly

}  // namespace

LoopThread::LoopThread(LwsSockets& sockets, LoopSteps& steps, std::string name)
    : sockets_(sockets), steps_(steps), name_(std::move(name)) {
    taken_.reserve(adopted_at_once);
    sockets_.loop().watch(waker_.fd(), [this] { waker_.drain(); });
}

void LoopThread::start() {
    CHECK(!thread_.joinable());
    stopping_ = false;
    thread_ = std::thread([this] { run(); });
}

void LoopThread::stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    wake();
    thread_.join();
    adopt_given();  // what came too late closes with the sockets
}

void LoopThread::give(const Accepted& accepted) {
    {
        const std::lock_guard lock(given_mutex_);
        given_.push_back(accepted);
    }
    any_given_.store(true, std::memory_order_release);
    wake();
}

// A flood of connections is to hold up no frames: a few at a time, more where steps take long.
void LoopThread::adopt_given() {
    const std::int64_t began_ns = monotonic_ns();
    const std::int64_t until_ns = began_ns + std::max(adoption_pause_ns, (began_ns - adopted_ns_) / 8);
    adopted_ns_ = began_ns;
    do {
        adopt_some();
    } while (any_given_.load(std::memory_order_relaxed) && (stopping_ || monotonic_ns() < until_ns));
}

void LoopThread::adopt_some() {
    if (!any_given_.load(std::memory_order_acquire)) return;
    {
        const std::lock_guard lock(given_mutex_);
        const std::size_t count = stopping_ ? given_.size() : std::min(given_.size(), adopted_at_once);
        taken_.assign(given_.begin(), given_.begin() + static_cast<std::ptrdiff_t>(count));
        given_.erase(given_.begin(), given_.begin() + static_cast<std::ptrdiff_t>(count));
        any_given_.store(!given_.empty(), std::memory_order_relaxed);
    }
    for (const Accepted& accepted : taken_) sockets_.adopt(accepted);
    taken_.clear();
}

void LoopThread::run() {
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    prctl(PR_SET_TIMERSLACK, timer_slack_ns);
    std::int64_t awake_ns = monotonic_ns();
    std::int64_t next_ns = awake_ns;
    bool in_slices = false;
    while (!stopping_.load(std::memory_order_relaxed)) {
        adopt_given();
        // A wake between slices is for sending: reading first would hold up a tick's frames.
        if (!in_slices || monotonic_ns() >= next_ns) sockets_.loop().run_ready();
        next_ns = steps_.step(monotonic_ns());
        const std::int64_t now_ns = monotonic_ns();
        in_slices = next_ns - now_ns <= idle_after_ns;
        busy_ns_.fetch_add(static_cast<std::uint64_t>(now_ns - awake_ns), std::memory_order_relaxed);
        steps_run_.fetch_add(1, std::memory_order_relaxed);
        sleep(now_ns, any_given_.load(std::memory_order_relaxed) ? std::min(next_ns, now_ns + adoption_pause_ns) : next_ns);
        awake_ns = monotonic_ns();
    }
}

void LoopThread::sleep(std::int64_t now_ns, std::int64_t until_ns) {
    if (waker_.begin_sleep()) {
        if (until_ns - now_ns > idle_after_ns) {
            sockets_.loop().run_until(until_ns - early_ns);
        } else if (until_ns > now_ns) {
            waker_.sleep_until(until_ns);
        }
    }
    waker_.end_sleep();
}

}  // namespace tickrelay
