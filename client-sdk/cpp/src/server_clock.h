// The relay's clock as pings tell it, and the delay at which to render. Times are µs of this machine's monotonic clock
// and of the relay's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tickrelay {
inline namespace sdk {

class ServerClock {
 public:
  // A round trip: sent and received here, the relay's clock in between. The shortest of the last several counts.
  void sample(std::int64_t sent_us, std::int64_t received_us, std::int64_t relay_us);
  // The same for an answer that the relay took its time over: good for the clock until pings are, not for the latency.
  void guess(std::int64_t sent_us, std::int64_t received_us, std::int64_t relay_us);
  // A frame arrived whose state is of `tick_us` of the relay's clock. interval_us: between frames.
  void frame(std::int64_t now_us, std::int64_t tick_us, std::int64_t interval_us);
  // Another relay, or the same after a restart: its clock has another zero.
  void restart();

  [[nodiscard]] bool known() const { return samples_ != 0; }
  [[nodiscard]] std::int64_t relay_us(std::int64_t now_us) const;   // never goes back, never jumps once known
  [[nodiscard]] std::int64_t render_us(std::int64_t now_us) const;  // the same, less the delay
  [[nodiscard]] std::int64_t round_trip_us() const { return round_trip_us_; }  // smoothed; 0: unknown

 private:
  struct Sample {
    std::int64_t round_trip_us;
    std::int64_t offset_us;
  };
  static double slewed(double from, double to, double elapsed_us, double rate);
  [[nodiscard]] double offset(std::int64_t now_us) const;
  [[nodiscard]] double delay(std::int64_t now_us) const;

  std::array<Sample, 16> ring_{};
  std::size_t samples_ = 0;
  double offset_us_ = 0;  // shown at shown_at_us_, on its way to target_us_
  double target_us_ = 0;
  std::int64_t shown_at_us_ = 0;
  double delay_us_ = 0;
  double delay_target_us_ = 0;
  std::int64_t delay_at_us_ = 0;
  double lateness_us_ = 0;  // decaying maximum
  std::int64_t round_trip_us_ = 0;
};

}  // namespace sdk
}  // namespace tickrelay
