#include "schema/state/quat.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace tickrelay {
namespace {

using Steps = std::array<double, 4>;  // whole numbers; doubles while they may be far outside every integer

constexpr float largest_min = 0.25F;  // of a quantised value: a half, less what rounding takes

bool is_quat(const Field& field) { return field.has(FieldFlags::Quat); }

bool is_whole(std::span<const Field> four) {
  return std::ranges::all_of(four, [&](const Field& field) {
    return is_quat(field) && field.has(FieldFlags::Quantised) && !field.has(FieldFlags::Ranged) &&
           !field.has(FieldFlags::Angle) && field.type == FieldType::Float32 && field.precision == four[0].precision;
  });
}

bool same_bits(float a, float b) { return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }

std::int32_t first_largest(const Quat& value) {
  std::int32_t at = 0;
  for (std::int32_t i = 1; i < 4; ++i)
    if (std::abs(value[static_cast<std::size_t>(i)]) > std::abs(value[static_cast<std::size_t>(at)])) at = i;
  return at;
}

// What is left to length 1.
double largest_at(double precision, const Steps& steps, std::size_t largest) {
  double squares = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i == largest) continue;
    const double x = steps[i] * precision;
    squares = squares + x * x;
  }
  return std::sqrt(std::max(0.0, 1 - squares));
}

double nearest_step(double x, double precision) { return std::floor(x / precision + 0.5); }

// Whether the value is a quantised one already, with this as its largest. Else quantising it again could move it: the largest
// and another may be within a step.
bool lies_on_steps(double precision, const Quat& value, std::size_t largest, Steps& steps) {
  if (value[largest] < largest_min) return false;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i == largest) continue;
    steps[i] = nearest_step(value[i], precision);
    if (!same_bits(static_cast<float>(steps[i] * precision), value[i])) return false;
  }
  return same_bits(static_cast<float>(largest_at(precision, steps, largest)), value[largest]);
}

// Without a direction, no turn.
Steps nearest_steps(double precision, const Quat& value, std::size_t& largest) {
  double squares = 0;
  for (const float x : value) squares = squares + static_cast<double>(x) * static_cast<double>(x);
  const double length = std::sqrt(squares);
  Steps steps{};
  if (length == 0) {
    largest = 3;
    return steps;
  }
  const double sign = value[largest] < 0 ? -1 : 1;  // the same turn either way
  for (std::size_t i = 0; i < 4; ++i)
    if (i != largest) steps[i] = nearest_step(sign * static_cast<double>(value[i]) / length, precision);
  return steps;
}

QuatSteps placed(double precision, const Steps& steps, std::size_t largest) {
  QuatSteps at{.largest = static_cast<std::int32_t>(largest)};
  for (std::size_t i = 0; i < 4; ++i)
    if (i != largest) at.steps[i] = static_cast<std::int32_t>(steps[i]);
  at.steps[largest] = step_of_largest(precision, at);
  return at;
}

double largest_at(double precision, const QuatSteps& at) {
  const Steps steps{static_cast<double>(at.steps[0]), static_cast<double>(at.steps[1]),
                    static_cast<double>(at.steps[2]), static_cast<double>(at.steps[3])};
  return largest_at(precision, steps, static_cast<std::size_t>(at.largest));
}

}  // namespace

std::uint64_t quats_of(std::span<const Field> fields) {
  std::uint64_t quats = 0;
  for (std::size_t i = 0; i + 4 <= fields.size();) {
    const bool four = is_whole(fields.subspan(i, 4));
    if (four) quats |= std::uint64_t{1} << i;
    i += four ? 4 : 1;
  }
  return quats;
}

bool quats_are_whole(std::span<const Field> fields) {
  const std::uint64_t quats = quats_of(fields);
  const std::uint64_t members = with_whole_quats(quats, quats);
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (is_quat(fields[i]) && (members >> i & 1) == 0) return false;
  return true;
}

QuatSteps steps_of(double precision, const Quat& value) {
  auto largest = static_cast<std::size_t>(first_largest(value));
  Steps steps{};
  if (lies_on_steps(precision, value, largest, steps)) return placed(precision, steps, largest);
  for (std::size_t other = 0; other < 4; ++other)
    if (other != largest && lies_on_steps(precision, value, other, steps)) return placed(precision, steps, other);
  steps = nearest_steps(precision, value, largest);
  return placed(precision, steps, largest);
}

Quat quat_at(double precision, const QuatSteps& at) {
  Quat value;
  for (std::size_t i = 0; i < 4; ++i) value[i] = static_cast<float>(static_cast<double>(at.steps[i]) * precision);
  value[static_cast<std::size_t>(at.largest)] = static_cast<float>(largest_at(precision, at));
  return value;
}

std::int32_t step_of_largest(double precision, const QuatSteps& at) {
  return static_cast<std::int32_t>(nearest_step(largest_at(precision, at), precision));
}

bool quantise_quat(double precision, const std::array<std::byte*, 4>& value) {
  Quat given;
  for (std::size_t i = 0; i < 4; ++i) std::memcpy(&given[i], value[i], sizeof given[i]);
  if (!std::ranges::all_of(given, [](float x) { return std::isfinite(x); })) return false;
  const Quat made = quat_at(precision, steps_of(precision, given));
  for (std::size_t i = 0; i < 4; ++i) std::memcpy(value[i], &made[i], sizeof made[i]);
  return true;
}

}  // namespace tickrelay
