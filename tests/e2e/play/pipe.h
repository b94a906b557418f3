// A TCP proxy that plays a network: slow, far, cut off, away. It hides no queue of its own: its sockets' buffers are small where it is
// slow, so what does not fit the pipe waits at the sender. One thread; every member function is safe to call while it runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace tickrelay::test {

struct PipeSettings {
    std::uint16_t to = 0;            // port on loopback
    std::uint64_t bytes_per_s = 0;   // from the relay to the client; 0: as fast as it goes
    std::int64_t delay_ms = 0;       // each way
    int buffer_bytes = 0;            // of its sockets towards the relay; 0: the system's
};

class Pipe {
  public:
    explicit Pipe(PipeSettings settings);
    ~Pipe();
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url() const { return "ws://127.0.0.1:" + std::to_string(port_); }

    void cut() { ++cuts_; }                    // resets every connection there is
    void away(bool away) { away_ = away; }     // resets new ones as well
    void stall(bool stall) { stalled_ = stall; }  // nothing passes, in either direction
    void stall_down(bool stall) { stalled_down_ = stall; }  // nothing from the relay reaches the client
    // The same for one connection, counted from 0 as they came; -1: none.
    void stall_down_of(int connection) { stalled_down_of_ = connection; }
    void cut_of(int connection) { cut_of_ = connection; }
    [[nodiscard]] int connections_so_far() const { return connections_; }

  private:
    class Traffic;
    void run();
    [[nodiscard]] int connect_to_relay(int client) const;

    PipeSettings settings_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<int> cuts_{0};
    std::atomic<bool> away_{false};
    std::atomic<bool> stalled_{false};
    std::atomic<bool> stalled_down_{false};
    std::atomic<int> stalled_down_of_{-1};
    std::atomic<int> cut_of_{-1};
    std::atomic<int> connections_{0};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace tickrelay::test
