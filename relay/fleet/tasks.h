// A thread that does what it is given, in order, and `idle` about every interval. Any thread gives.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace tickrelay {

class Tasks {
  public:
    explicit Tasks(std::string name) : name_(std::move(name)) {}
    ~Tasks() { stop(); }
    Tasks(const Tasks&) = delete;
    Tasks& operator=(const Tasks&) = delete;

    void start(std::chrono::milliseconds every, std::function<void()> idle);
    void give(std::function<void()> task);
    void wake();   // `idle` at once
    void stop();   // does what was given before

  private:
    void run();

    const std::string name_;
    std::chrono::milliseconds every_{};
    std::function<void()> idle_;
    std::mutex mutex_;
    std::condition_variable wakes_;
    std::deque<std::function<void()>> tasks_;
    bool wake_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace tickrelay
