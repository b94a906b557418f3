// The relay's clock as pings and frames tell it, and the delay at which to render. Times are µs of this machine's monotonic
// clock and of the relay's.
//
// A round trip bounds the offset between the two from both sides: the relay read its clock after the ping was sent and before
// the answer was here. The tightest bound of each side counts, so one quick way there and one quick way back make a good clock
// even where no single round trip was quick.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tickrelay {
inline namespace sdk {

class ServerClock {
 public:
  // A round trip: sent and received here, the relay's clock in between.
  void sample(std::int64_t sent_us, std::int64_t received_us, std::int64_t relay_us);
  // The same for an answer that the relay took its time over: good for the clock until pings are, not for the latency.
  void guess(std::int64_t sent_us, std::int64_t received_us, std::int64_t relay_us);
  // A frame arrived whose state is of `tick_us` of the relay's clock. interval_us: between frames.
  void frame(std::int64_t now_us, std::int64_t tick_us, std::int64_t interval_us);
  // Another relay, or the same after a restart: its clock has another zero.
  void restart();

  // What a relay may say its clock reads: 285 years either way of its zero, so that sums and differences of times hold.
  static bool readable(std::uint64_t relay_us) {
    const auto us = static_cast<std::int64_t>(relay_us);
    return us >= -most_us && us <= most_us;
  }

  [[nodiscard]] bool known() const { return samples_ != 0; }
  [[nodiscard]] std::int64_t relay_us(std::int64_t now_us) const;   // never goes back, never jumps once known
  [[nodiscard]] std::int64_t render_us(std::int64_t now_us) const;  // the same, less the delay
  [[nodiscard]] std::int64_t delay_us(std::int64_t now_us) const;
  [[nodiscard]] std::int64_t round_trip_us() const { return round_trip_us_; }  // smoothed; 0: unknown

 private:
  static constexpr std::int64_t most_us = std::int64_t{1} << 53;
  struct Bounds {  // of the offset
    std::int64_t least_us;
    std::int64_t most_us;
  };
  static double slewed(double from, double to, double elapsed_us, double rate);
  [[nodiscard]] double offset(std::int64_t now_us) const;
  [[nodiscard]] double delay(std::int64_t now_us) const;
  [[nodiscard]] double best_offset() const;
  [[nodiscard]] double usual_lateness() const;

  std::array<Bounds, 16> ring_{};
  std::size_t samples_ = 0;
  double offset_us_ = 0;  // shown at shown_at_us_, on its way to target_us_
  double target_us_ = 0;
  std::int64_t shown_at_us_ = 0;

  struct Arrival {
    std::int64_t least_us;  // what it says of the offset
    double late_us;
  };
  std::array<Arrival, 128> arrivals_{};
  std::size_t frames_ = 0;
  double delay_us_ = 0;
  double delay_target_us_ = 0;
  std::int64_t delay_at_us_ = 0;
  std::int64_t round_trip_us_ = 0;
};

}  // namespace sdk
}  // namespace tickrelay
