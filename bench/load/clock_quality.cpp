#include "bench/load/clock_quality.h"

#include <algorithm>
#include <array>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr int readings = 20'000, sleeps = 31;

}  // namespace

ClockQuality measure_clock_quality() {
  ClockQuality quality{.step_ns = INT64_MAX};
  const std::int64_t begin_ns = now_ns();
  std::int64_t before_ns = begin_ns;
  for (int i = 0; i < readings; ++i) {
    const std::int64_t read_ns = now_ns();
    if (read_ns > before_ns) quality.step_ns = std::min(quality.step_ns, read_ns - before_ns);
    before_ns = read_ns;
  }
  quality.read_ns = static_cast<double>(before_ns - begin_ns) / readings;
  std::array<std::int64_t, sleeps> late_ns;
  for (std::int64_t& late : late_ns) {
    const std::int64_t wanted_ns = now_ns() + ms_ns;
    sleep_until_ns(wanted_ns);
    late = now_ns() - wanted_ns;
  }
  std::ranges::nth_element(late_ns, late_ns.begin() + sleeps / 2);
  quality.sleep_late_ns = late_ns[sleeps / 2];
  return quality;
}

}  // namespace tickrelay::bench
