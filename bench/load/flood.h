#pragma once
// Connects at full speed while others play: every other connection is dropped at once, the rest are handshakes that never end.
// A thread from construction to stop().

#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>

#include "bench/net/endpoint.h"

namespace tickrelay::bench {

class Flood {
 public:
  static constexpr std::size_t half_open_max = 2'000;

  explicit Flood(Endpoint endpoint) : endpoint_(std::move(endpoint)), thread_([this] { run(); }) {}
  ~Flood() { stop(); }
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;

  void stop();
  std::uint64_t connects() const { return connects_; }

 private:
  void run();

  Endpoint endpoint_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> connects_{0};
  std::thread thread_;  // last: it uses the others
};

}  // namespace tickrelay::bench
