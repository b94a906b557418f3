#pragma once
// Every player's walk and when it sends its next step. One thread.

#include <cstdint>
#include <functional>
#include <vector>

#include "bench/load/crowd.h"
#include "bench/load/schedule.h"
#include "bench/load/walk.h"

namespace tickrelay::bench {

class Movement {
 public:
  struct Step {
    std::uint32_t player;
    const Placement& placement;
    std::int64_t intended_ns;
    Connection::Sent sent;
  };

  Movement(std::uint32_t players, std::uint32_t rate_hz);

  void start(std::int64_t now_ns) { schedule_.start(now_ns); }
  // Sets the entities of all whose turn has come; who has no seat misses its turn.
  void advance(Crowd& crowd, std::int64_t now_ns, const std::function<void(const Step&)>& on_step);

 private:
  Schedule schedule_;
  std::vector<Walk> walks_;  // by player
};

}  // namespace tickrelay::bench
