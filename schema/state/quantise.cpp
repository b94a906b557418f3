#include "schema/state/quantise.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace tickrelay {
namespace {

constexpr double steps_max = 2147483647;  // either way, where no range bounds them

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

// Into [min, max). Far out, the subtraction's own rounding may miss the range: then there is no angle left to keep.
double wrapped(const Field& field, double x) {
  if (x >= field.min && x < field.max) return x;
  const double turn = field.max - field.min;
  const double within = x - turn * std::floor((x - field.min) / turn);
  return within >= field.min && within < field.max ? within : field.min;
}

struct Held {
  double value;
  bool outside;
};

Held hold(double x, double low, double high) {
  const double value = std::clamp(x, low, high);
  return {value, value != x};
}

// Into the range where there is one.
Held held(const Field& field, double x) {
  if (field.has(FieldFlags::Angle)) return {wrapped(field, x), false};
  return field.has(FieldFlags::Ranged) ? hold(x, field.min, field.max) : Held{x, false};
}

// Stays a double while it may be far outside every integer. Within a range, q is within it too: the formula is monotonic.
Held step_at(const Field& field, double x) {
  const double step = std::floor((x - field.min) / field.precision + 0.5);
  return field.has(FieldFlags::Ranged) ? Held{step, false} : hold(step, -steps_max, steps_max);
}

// The last step, or rounding to float32, can reach the end of the turn: the same angle as its start.
template <class T>
T at_start(const Field& field, double x) {
  const T result = static_cast<T>(x);
  const bool end = field.has(FieldFlags::Angle) && static_cast<double>(result) >= field.max;
  return end ? static_cast<T>(field.min) : result;
}

template <class T>
bool quantise_float(const Field& field, std::byte* value, bool& clamped) {
  const T given = load<T>(value);
  if (!std::isfinite(given)) return false;
  if (!field.has(FieldFlags::Quantised) && !field.has(FieldFlags::Ranged)) return true;
  auto [x, outside] = held(field, given);
  if (field.has(FieldFlags::Quantised)) {
    const Held step = step_at(field, x);
    x = field.min + step.value * field.precision;
    outside |= step.outside;
  }
  const T result = at_start<T>(field, x);
  clamped |= outside && result != given;
  store(value, result);
  return true;
}

// Whole numbers up to 2^53, or the type's own limits: which as doubles may round to one beyond the type.
template <class T>
void clamp_integer(const Field& field, std::byte* value, bool& clamped) {
  using Limits = std::numeric_limits<T>;
  const T low = field.min <= static_cast<double>(Limits::min()) ? Limits::min() : static_cast<T>(field.min);
  const T high = field.max >= static_cast<double>(Limits::max()) ? Limits::max() : static_cast<T>(field.max);
  const T given = load<T>(value);
  const T result = std::clamp(given, low, high);
  if (result == given) return;
  clamped = true;
  store(value, result);
}

void clamp_bool(std::byte* value, bool& clamped) {
  if (*value <= std::byte{1}) return;
  clamped = true;
  *value = std::byte{1};
}

}  // namespace

std::int64_t step_of(const Field& field, double x) {
  return static_cast<std::int64_t>(step_at(field, held(field, x).value).value);
}

double value_at(const Field& field, std::int64_t step) {
  return field.min + static_cast<double>(step) * field.precision;
}

void store_step(const Field& field, std::int64_t step, std::byte* to) {
  const double x = value_at(field, step);
  if (field.type == FieldType::Float64) return store(to, at_start<double>(field, x));
  store(to, at_start<float>(field, x));
}

bool quantise(const Field& field, std::byte* value, bool& clamped) {
  if (field.type == FieldType::Float32) return quantise_float<float>(field, value, clamped);
  if (field.type == FieldType::Float64) return quantise_float<double>(field, value, clamped);
  if (field.type == FieldType::Bool) {
    clamp_bool(value, clamped);
    return true;
  }
  if (!field.has(FieldFlags::Ranged)) return true;
  switch (field.type) {
    case FieldType::Int8: clamp_integer<std::int8_t>(field, value, clamped); break;
    case FieldType::UInt8: clamp_integer<std::uint8_t>(field, value, clamped); break;
    case FieldType::Int16: clamp_integer<std::int16_t>(field, value, clamped); break;
    case FieldType::UInt16: clamp_integer<std::uint16_t>(field, value, clamped); break;
    case FieldType::Int32: clamp_integer<std::int32_t>(field, value, clamped); break;
    case FieldType::UInt32: clamp_integer<std::uint32_t>(field, value, clamped); break;
    case FieldType::Int64: clamp_integer<std::int64_t>(field, value, clamped); break;
    case FieldType::UInt64: clamp_integer<std::uint64_t>(field, value, clamped); break;
    default: return false;
  }
  return true;
}

std::uint32_t steps_of_turn(const Field& field) {
  if (!field.has(FieldFlags::Angle) || !field.has(FieldFlags::Quantised) || !field.has(FieldFlags::Ranged)) return 0;
  const double whole = std::floor((field.max - field.min) / field.precision + 0.5);
  const double last = field.min + whole * field.precision;
  const double stored = field.type == FieldType::Float32 ? static_cast<double>(static_cast<float>(last)) : last;
  return static_cast<std::uint32_t>(whole) + (stored < field.max ? 1 : 0);
}

std::size_t quantise_struct(std::span<const Field> fields, std::uint64_t quats, std::uint64_t mask, std::byte* value,
                            std::uint32_t& clamped) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if ((mask >> i & 1) == 0) continue;
    std::byte* const at = value + fields[i].offset;
    if ((quats >> i & 1) != 0) {
      const std::array four{at, value + fields[i + 1].offset, value + fields[i + 2].offset, value + fields[i + 3].offset};
      if (!quantise_quat(fields[i].precision, four)) return i;
      i += 3;
      continue;
    }
    bool held_back = false;
    if (!quantise(fields[i], at, held_back)) return i;
    clamped += held_back ? 1 : 0;
  }
  return fields.size();
}

std::vector<std::byte> zero_of(std::span<const Field> fields, std::size_t bytes) {
  std::vector<std::byte> zero(bytes);
  std::uint32_t clamped = 0;
  quantise_struct(fields, quats_of(fields), ~std::uint64_t{0}, zero.data(), clamped);
  return zero;
}

}  // namespace tickrelay
