#include "send_phase.h"

#include <algorithm>
#include <cmath>

namespace tickrelay {
inline namespace sdk {
namespace {

constexpr double margin_us = 2'000;
constexpr double step_us = 500;           // a tick
constexpr std::size_t delays_min = 4;     // before anything moves
constexpr std::int64_t pause_us = 100'000;  // between polls: longer is no frame rate

}  // namespace

void SendPhase::start(std::int64_t zero_us, std::int64_t period_us, bool aligned, std::int64_t round_trip_us) {
  zero_us_ = zero_us;
  period_us_ = period_us;
  aligned_ = aligned;
  lead_us_ = aligned ? static_cast<double>(round_trip_us) / 2 + margin_us : 0;
  last_ = INT64_MIN;
  written_count_ = delay_count_ = 0;
}

void SendPhase::wrote(std::uint32_t seq, std::int64_t relay_us) { written_[written_count_++ % written_.size()] = {seq, relay_us}; }

void SendPhase::told(std::uint32_t seq, std::uint32_t early_us) {
  if (seq == 0 || period_us_ == 0) return;
  const std::size_t count = std::min(written_count_, written_.size());
  const auto end = written_.begin() + static_cast<std::ptrdiff_t>(count);
  const auto found = std::find_if(written_.begin(), end, [&](const Written& each) { return each.seq == seq; });
  if (found == end) return;
  const std::int64_t after = (zero_us_ - static_cast<std::int64_t>(early_us) - found->relay_us) % period_us_;
  found->seq = 0;  // told once
  delays_[delay_count_++ % delays_.size()] = static_cast<double>(after < 0 ? after + period_us_ : after);
}

// Around where it is: a delay is known but for whole periods. Who sends earlier waits longer each time, who misses a tick waits for
// a whole one: that which waits least on average.
void SendPhase::move_lead() {
  const std::size_t count = std::min(delay_count_, delays_.size());
  if (!aligned_ || count < delays_min) return;
  const double around = lead_us_ - margin_us;
  std::array<double, std::tuple_size_v<decltype(delays_)>> near{};
  for (std::size_t i = 0; i < count; ++i)
    near[i] = around + std::remainder(delays_[i] - around, static_cast<double>(period_us_));
  std::sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(count));
  const double miss_us = static_cast<double>(period_us_) / static_cast<double>(count);
  double best = near[count - 1], least_us = best;
  for (std::size_t i = count - 1; i-- > 0;) {
    const double waits_us = near[i] + miss_us * static_cast<double>(count - 1 - i);
    if (waits_us < least_us) least_us = waits_us, best = near[i];
  }
  lead_us_ += std::clamp(best + margin_us - lead_us_, -step_us, step_us);
}

bool SendPhase::due(std::int64_t now_us, std::int64_t clock_us) {
  if (period_us_ == 0) return false;
  const std::int64_t passed = now_us - polled_us_;
  polled_us_ = now_us;
  if (passed < pause_us) poll_interval_us_ += (static_cast<double>(passed) - poll_interval_us_) / 8;
  const double ahead_us = asked_ || !aligned_ ? 0 : std::min(poll_interval_us_, static_cast<double>(period_us_) / 2);
  asked_ = false;
  const double since = static_cast<double>(clock_us - zero_us_) + lead_us_ + ahead_us;
  const auto tick = static_cast<std::int64_t>(std::floor(since / static_cast<double>(period_us_)));
  if (tick <= last_) return false;
  last_ = tick;
  move_lead();
  return true;
}

std::int64_t SendPhase::next_us(std::int64_t clock_us) const {
  if (period_us_ == 0) return 0;
  asked_ = true;
  const double since = static_cast<double>(clock_us - zero_us_) + lead_us_;
  const auto newest = static_cast<std::int64_t>(std::floor(since / static_cast<double>(period_us_)));
  const std::int64_t next = std::max(last_, newest - 1) + 1;
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil(static_cast<double>(next * period_us_) - since)));
}

}  // namespace sdk
}  // namespace tickrelay
