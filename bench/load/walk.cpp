#include "bench/load/walk.h"

#include <cmath>
#include <numbers>

namespace tickrelay::bench {
namespace {

constexpr double speed_m_per_s = 5;
constexpr double area_m = 100;

// A value that quantises to what it was moves on by a step.
float advance(const Field& field, float before, double now) {
  const float next = quantise(field, static_cast<float>(now));
  if (next != before) return next;
  return quantise(field, static_cast<float>(now + (field.has(FieldFlags::Quantised) ? field.precision : 0.001)));
}

}  // namespace

Walk::Walk(std::uint64_t seed, double step_s) : state_((seed * 0x9e3779b97f4a7c15U) | 1), step_s_(step_s) {
  x_ = area_m * random();
  y_ = area_m * random();
  heading_ = std::numbers::pi * random();
}

// xorshift64*: a player costs eight bytes.
double Walk::random() {
  state_ ^= state_ >> 12;
  state_ ^= state_ << 25;
  state_ ^= state_ >> 27;
  return static_cast<double>(static_cast<std::int64_t>(state_ * 0x2545f4914f6cdd1dU)) * 0x1p-63;
}

const Placement& Walk::step(const std::vector<Field>& fields) {
  turn_per_s_ = 0.95 * turn_per_s_ + 0.3 * random();
  heading_ = std::remainder(heading_ + turn_per_s_ * step_s_, 2 * std::numbers::pi);
  // Turns back at the border.
  if (std::hypot(x_, y_) > area_m) heading_ = std::atan2(-y_, -x_) + 0.5 * random();
  const double way_m = speed_m_per_s * step_s_ * (1 + 0.1 * random());
  x_ += way_m * std::cos(heading_);
  y_ += way_m * std::sin(heading_);
  height_ = 0.9 * height_ + 0.05 * random();
  placement_ = {advance(fields[0], placement_[0], x_), advance(fields[1], placement_[1], y_),
                advance(fields[2], placement_[2], height_), advance(fields[3], placement_[3], heading_)};
  return placement_;
}

}  // namespace tickrelay::bench
