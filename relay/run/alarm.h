// Calls something now and then on a thread of its own: what is to happen although nobody asks.
// Owner: whoever starts it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace tickrelay {

class Alarm {
  public:
    ~Alarm() { stop(); }

    void start(std::int64_t every_ms, std::function<void()> what);
    void stop();  // after the call in hand

  private:
    std::mutex mutex_;
    std::condition_variable stops_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace tickrelay
