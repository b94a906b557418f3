#pragma once
// How a player moves: like someone with a stick in hand, at walking speed, turning a little at every step. All four
// fields change at every step by at least one step of quantisation, and no placement comes again within SentLog's ring.

#include <cstdint>

#include "bench/load/layout.h"
#include "bench/load/sent_log.h"

namespace tickrelay::bench {

class Walk {
 public:
  Walk(std::uint64_t seed, double step_s);

  // The next placement, quantised by the fields' rule. REQUIRES: fields has x y z yaw.
  const Placement& step(const std::vector<Field>& fields);

 private:
  double random();  // uniform, −1 to 1

  std::uint64_t state_;
  double step_s_;
  double x_, y_, heading_, turn_per_s_ = 0, height_ = 0;
  Placement placement_{};
};

}  // namespace tickrelay::bench
