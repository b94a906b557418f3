// A wire between a client and the relay that hears what the relay sends, and can be cut. Loopback, a thread of its own. Owner: one test.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace tickrelay::test {

class Tap {
  public:
    explicit Tap(std::uint16_t relay_port);
    ~Tap();
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;

    [[nodiscard]] std::string url() const { return "ws://127.0.0.1:" + std::to_string(port_); }
    // Every byte that the relay sent through here.
    [[nodiscard]] std::string received() const;
    void cut() { cut_ = true; }  // the connection there is; the next one works again

  private:
    void run();
    void pass(int client, int relay);

    std::uint16_t relay_port_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    std::atomic<bool> cut_{false};
    std::atomic<bool> stops_{false};
    mutable std::mutex mutex_;
    std::string received_;
    std::thread thread_;
};

}  // namespace tickrelay::test
