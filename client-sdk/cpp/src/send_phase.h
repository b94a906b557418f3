// When to send, so that what is sent reaches the relay just before a tick (PROTOCOL.md, "Input timing"). Owned by a Session.
// Times are µs; `relay` those of the relay's clock as this side knows it.
//
// Nothing is fed back: each message that the relay timed says how long after its writing it was read, to within whole periods,
// whenever it was sent. Which of these to allow for, and a margin, is how long before the tick to send. It moves in small steps.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tickrelay {
inline namespace sdk {

class SendPhase {
 public:
  // Ticks are at zero_us + n × period_us. aligned: of the relay's clock; else of this machine's, and nothing moves.
  void start(std::int64_t zero_us, std::int64_t period_us, bool aligned, std::int64_t round_trip_us);
  [[nodiscard]] bool started() const { return period_us_ != 0; }
  [[nodiscard]] bool aligned() const { return aligned_; }

  void wrote(std::uint32_t seq, std::int64_t relay_us);             // a message whose last action is of this number
  void told(std::uint32_t seq, std::uint32_t early_us);             // what the relay said of it

  // Once a poll. True: a tick's moment is here; those that were missed are not made up. A game that does not ask when the
  // next one is polls at its frame rate: the last poll before the moment is the one.
  bool due(std::int64_t now_us, std::int64_t clock_us);
  [[nodiscard]] std::int64_t next_us(std::int64_t clock_us) const;  // until then, at least 0

  [[nodiscard]] double lead_us() const { return lead_us_; }  // before a tick

 private:
  struct Written {
    std::uint32_t seq = 0;
    std::int64_t relay_us = 0;
  };
  void move_lead();

  std::int64_t zero_us_ = 0;
  std::int64_t period_us_ = 0;  // 0: not started
  bool aligned_ = true;
  double lead_us_ = 0;
  std::int64_t last_ = 0;  // tick whose moment has been
  std::array<Written, 64> written_{};
  std::size_t written_count_ = 0;
  std::array<double, 64> delays_{};  // within a period
  std::size_t delay_count_ = 0;
  std::int64_t polled_us_ = 0;
  double poll_interval_us_ = 0;
  mutable bool asked_ = false;
};

}  // namespace sdk
}  // namespace tickrelay
