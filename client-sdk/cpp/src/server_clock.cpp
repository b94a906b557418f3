#include "server_clock.h"

#include <algorithm>
#include <cmath>

namespace tickrelay {
inline namespace sdk {
namespace {

constexpr double slew_rate = 0.02;        // the clock runs at most 2 % fast or slow
constexpr double delay_slew_rate = 0.10;  // render time at most 10 %: still forwards, hardly seen
constexpr double lateness_decay = 0.995;  // per frame

}  // namespace

double ServerClock::slewed(double from, double to, double elapsed_us, double rate) {
  const double most = std::max(0.0, elapsed_us) * rate;
  return from + std::clamp(to - from, -most, most);
}

double ServerClock::offset(std::int64_t now_us) const {
  return slewed(offset_us_, target_us_, static_cast<double>(now_us - shown_at_us_), slew_rate);
}

double ServerClock::delay(std::int64_t now_us) const {
  return slewed(delay_us_, delay_target_us_, static_cast<double>(now_us - delay_at_us_), delay_slew_rate);
}

void ServerClock::guess(std::int64_t sent_us, std::int64_t received_us, std::int64_t relay_us) {
  const std::int64_t round_trip = received_us - sent_us;
  if (round_trip < 0) return;
  const Sample taken{round_trip, relay_us - (sent_us + round_trip / 2)};
  ring_[samples_++ % ring_.size()] = taken;
  const auto end = ring_.begin() + static_cast<std::ptrdiff_t>(std::min(samples_, ring_.size()));
  const auto least = std::min_element(
      ring_.begin(), end, [](const Sample& a, const Sample& b) { return a.round_trip_us < b.round_trip_us; });
  // The first samples are taken up at once: nobody has seen the clock run yet.
  offset_us_ = samples_ <= 1 ? static_cast<double>(least->offset_us) : offset(received_us);
  target_us_ = static_cast<double>(least->offset_us);
  shown_at_us_ = received_us;
}

void ServerClock::sample(std::int64_t sent_us, std::int64_t received_us, std::int64_t relay_us) {
  const std::int64_t round_trip = received_us - sent_us;
  if (round_trip < 0) return;
  guess(sent_us, received_us, relay_us);
  round_trip_us_ = round_trip_us_ == 0 ? round_trip : (round_trip_us_ * 3 + round_trip) / 4;
}

void ServerClock::frame(std::int64_t now_us, std::int64_t tick_us, std::int64_t interval_us) {
  if (!known()) return;
  const double late = std::max(0.0, static_cast<double>(relay_us(now_us) - tick_us));
  const bool first = lateness_us_ == 0;
  // A gap (a pause of this program, a slow link) is no jitter: it may not push rendering back by more than half a
  // second.
  lateness_us_ = std::min(std::max(late, lateness_us_ * lateness_decay), 500'000.0);
  const double wanted = lateness_us_ + static_cast<double>(interval_us);
  delay_us_ = first ? wanted : delay(now_us);
  delay_target_us_ = wanted;
  delay_at_us_ = now_us;
}

void ServerClock::restart() {
  samples_ = 0;
  lateness_us_ = 0;
}

std::int64_t ServerClock::relay_us(std::int64_t now_us) const { return now_us + std::llround(offset(now_us)); }

std::int64_t ServerClock::render_us(std::int64_t now_us) const {
  return relay_us(now_us) - std::llround(delay(now_us));
}

}  // namespace sdk
}  // namespace tickrelay
