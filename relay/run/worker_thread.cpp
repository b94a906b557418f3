#include "relay/run/worker_thread.h"

#include <sys/prctl.h>

#include <pthread.h>

#include "relay/run/lws_loop.h"

namespace tickrelay {

void WorkerThread::start() { thread_ = std::thread([this] { run(); }); }

void WorkerThread::stop() {
    if (!thread_.joinable()) return;
    stopping_.store(true);
    waker_.wake();
    thread_.join();
}

void WorkerThread::run() {
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);  // ns; the default of 50 µs is a tick's lateness
    while (!stopping_.load(std::memory_order_relaxed)) {
        const std::int64_t next_ns = worker_.step(monotonic_ns());
        if (waker_.begin_sleep()) waker_.sleep_until(next_ns);
        waker_.end_sleep();
    }
}

}  // namespace tickrelay
