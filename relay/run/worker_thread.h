// The thread of one worker: sleeps until the next deadline or a wake, then steps.
// Owner: whoever starts it; wake() from any thread.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "relay/run/waker.h"
#include "relay/run/worker.h"

namespace tickrelay {

class WorkerThread final : public Wakeable {
  public:
    WorkerThread(Worker& worker, std::string name) : worker_(worker), name_(std::move(name)) {}
    ~WorkerThread() override { stop(); }

    void start();
    void stop();  // after the step in hand
    void wake() override { waker_.wake(); }

  private:
    void run();

    Worker& worker_;
    std::string name_;
    Waker waker_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace tickrelay
