#include "server_clock.h"

#include <algorithm>
#include <cmath>

namespace tickrelay {
inline namespace sdk {
namespace {

constexpr double slew_rate = 0.02;         // the clock runs at most 2 % fast or slow
constexpr double delay_slew_rate = 0.10;   // render time at most 10 %: still forwards, hardly seen
constexpr double late_most_us = 500'000;   // a gap is no jitter: it may not push rendering back by more
constexpr std::size_t frames_as_bound = 64;  // the newest: clocks drift

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

// From the newest back: where older bounds contradict newer ones the clocks have drifted apart since.
double ServerClock::best_offset() const {
  Bounds within = ring_[(samples_ - 1) % ring_.size()];
  const auto narrow = [&within](std::int64_t least_us, std::int64_t most_us) {
    const Bounds both{std::max(within.least_us, least_us), std::min(within.most_us, most_us)};
    if (both.least_us > both.most_us) return false;
    within = both;
    return true;
  };
  for (std::size_t i = 1; i < std::min(samples_, ring_.size()); ++i) {
    const Bounds& older = ring_[(samples_ - 1 - i) % ring_.size()];
    if (!narrow(older.least_us, older.most_us)) break;
  }
  for (std::size_t i = 0; i < std::min(frames_, frames_as_bound); ++i)
    narrow(arrivals_[(frames_ - 1 - i) % arrivals_.size()].least_us, within.most_us);
  return static_cast<double>(within.least_us + within.most_us) / 2;
}

void ServerClock::guess(std::int64_t sent_us, std::int64_t received_us, std::int64_t relay_us) {
  if (received_us < sent_us) return;
  ring_[samples_++ % ring_.size()] = {relay_us - received_us, relay_us - sent_us};
  const double best = best_offset();
  // The first is taken up at once: nobody has seen the clock run yet.
  offset_us_ = samples_ == 1 ? best : offset(received_us);
  target_us_ = best;
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
  const double late = std::clamp(static_cast<double>(relay_us(now_us) - tick_us), 0.0, late_most_us);
  arrivals_[frames_++ % arrivals_.size()] = {tick_us - now_us, late};
  const double wanted = usual_lateness() + static_cast<double>(interval_us);
  delay_us_ = frames_ == 1 ? wanted : delay(now_us);
  delay_target_us_ = wanted;
  delay_at_us_ = now_us;
}

// The 99th percentile: of a full window all but the one latest come in time.
double ServerClock::usual_lateness() const {
  const std::size_t count = std::min(frames_, arrivals_.size());
  double latest = 0, second = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double late = arrivals_[i].late_us;
    second = std::max(second, std::min(late, latest));
    latest = std::max(latest, late);
  }
  return count < arrivals_.size() ? latest : second;
}

void ServerClock::restart() {
  samples_ = 0;
  frames_ = 0;
}

std::int64_t ServerClock::relay_us(std::int64_t now_us) const { return now_us + std::llround(offset(now_us)); }
std::int64_t ServerClock::delay_us(std::int64_t now_us) const { return std::llround(delay(now_us)); }
std::int64_t ServerClock::render_us(std::int64_t now_us) const { return relay_us(now_us) - delay_us(now_us); }

}  // namespace sdk
}  // namespace tickrelay
