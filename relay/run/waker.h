// How a thread sleeps until a time or until another thread wants it.
#pragma once

#include <atomic>
#include <cstdint>

namespace tickrelay {

// One thread sleeps, any may wake it. A wake costs one atomic exchange; a write only where the thread is asleep.
class Waker {
  public:
    Waker();
    ~Waker();
    Waker(const Waker&) = delete;
    Waker& operator=(const Waker&) = delete;

    void wake();

    // The sleeper: begin_sleep(), where true wait for fd() to be readable or a time, end_sleep(). After end_sleep()
    // everything that was done before a wake() is visible.
    bool begin_sleep();  // false: a wake came, do not wait
    void end_sleep();
    void sleep_until(std::int64_t until_ns);  // waits for the descriptor alone
    void drain();                             // after fd() was readable
    int fd() const { return fd_; }

  private:
    enum State : int { running, woken, asleep };
    std::atomic<int> state_{running};
    int fd_ = -1;
};

}  // namespace tickrelay
