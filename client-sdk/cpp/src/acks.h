// When the relay is to hear what was applied: with whatever is sent, alone after the interval, at once after a frame
// that is no Stream frame.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tickrelay {
inline namespace sdk {

class Acks {
 public:
  void start(std::int64_t interval_us) {
    interval_us_ = interval_us;
    due_us_ = never;
  }
  void applied(bool at_once, std::int64_t now_us) {
    due_us_ = std::min(due_us_, at_once ? now_us : now_us + interval_us_);
  }
  void sent() { due_us_ = never; }
  [[nodiscard]] bool due(std::int64_t now_us) const { return due_us_ <= now_us; }

 private:
  static constexpr std::int64_t never = INT64_MAX;
  std::int64_t interval_us_ = 100'000;
  std::int64_t due_us_ = never;
};

}  // namespace sdk
}  // namespace tickrelay
