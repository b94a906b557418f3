#pragma once
// Whether this machine's clock and timers are good enough to measure milliseconds with.

#include <cstdint>

namespace tickrelay::bench {

struct ClockQuality {
  double read_ns = 0;              // what a reading costs
  std::int64_t step_ns = 0;        // smallest difference that it shows
  std::int64_t sleep_late_ns = 0;  // how late a sleep of a millisecond ends, median
  std::int64_t drift_ns = 0;       // of the server's clock against ours during the run, where it is another machine's
};

// Takes about 50 ms.
ClockQuality measure_clock_quality();

}  // namespace tickrelay::bench
