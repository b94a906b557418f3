#include "relay/fleet/tasks.h"

#include <pthread.h>

#include <utility>

namespace tickrelay {

void Tasks::start(std::chrono::milliseconds every, std::function<void()> idle) {
    every_ = every;
    idle_ = std::move(idle);
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), name_.c_str());
}

void Tasks::give(std::function<void()> task) {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back(std::move(task));
    wakes_.notify_one();
}

void Tasks::wake() {
    const std::scoped_lock lock(mutex_);
    wake_ = true;
    wakes_.notify_one();
}

void Tasks::stop() {
    if (!thread_.joinable()) return;
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
        wakes_.notify_one();
    }
    thread_.join();
}

void Tasks::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wakes_.wait_for(lock, every_, [this] { return stopping_ || wake_ || !tasks_.empty(); });
        const std::deque<std::function<void()>> tasks = std::exchange(tasks_, {});
        const bool last = stopping_ && tasks.empty();
        wake_ = false;
        lock.unlock();
        for (const auto& task : tasks) task();
        if (idle_) idle_();
        lock.lock();
        if (last) return;
    }
}

}  // namespace tickrelay
