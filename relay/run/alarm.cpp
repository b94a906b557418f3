#include "relay/run/alarm.h"

#include <pthread.h>

#include <chrono>

namespace tickrelay {

void Alarm::start(std::int64_t every_ms, std::function<void()> what) {
    thread_ = std::thread([this, every_ms, what = std::move(what)] {
        pthread_setname_np(pthread_self(), "alarm");
        std::unique_lock lock(mutex_);
        while (!stops_.wait_for(lock, std::chrono::milliseconds(every_ms), [this] { return stopping_; })) {
            lock.unlock();
            what();
            lock.lock();
        }
    });
}

void Alarm::stop() {
    if (!thread_.joinable()) return;
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
        stops_.notify_one();
    }
    thread_.join();
}

}  // namespace tickrelay
