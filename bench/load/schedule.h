#pragma once
// When each player means to send: once per period, each at a phase of its own, whatever the server does (open loop).
// No I/O; time comes in.

#include <cstdint>
#include <optional>
#include <vector>

namespace tickrelay::bench {

class Schedule {
 public:
  struct Turn {
    std::uint32_t player;
    std::int64_t intended_ns;
  };

  Schedule(std::uint32_t players, std::uint32_t rate_hz);

  // The first period begins here.
  void start(std::int64_t now_ns) { start_ns_ = now_ns, round_ = 0, position_ = 0; }
  // The next turn whose time has come. Nothing is skipped: who asks late gets the turns late.
  std::optional<Turn> next(std::int64_t now_ns);

 private:
  std::int64_t start_ns_ = 0;
  std::uint32_t rate_hz_;
  std::int64_t round_ = 0;
  std::size_t position_ = 0;
  std::vector<Turn> turns_;  // of one period, by time from its begin
};

}  // namespace tickrelay::bench
