#include "quantise.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace tickrelay {
inline namespace sdk {
namespace {

static_assert(std::endian::native == std::endian::little, "FlatBuffers structs are shown as they came");

template <class T>
T load(const std::uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void store(std::uint8_t* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

constexpr double steps_max = 2147483647;  // either way, where no range bounds them

// Into [min, max). Far out, the subtraction's own rounding may miss the range.
double wrapped(const Field& field, double x) {
  if (x >= field.min && x < field.max) return x;
  const double turn = field.max - field.min;
  const double within = x - turn * std::floor((x - field.min) / turn);
  return within >= field.min && within < field.max ? within : field.min;
}

double rounded(const Field& field, double x) {
  if (field.angle) {
    x = wrapped(field, x);
  } else if (field.ranged) {
    x = std::clamp(x, field.min, field.max);
  }
  if (!field.quantised) return x;
  const double min = field.ranged ? field.min : 0.0;
  double step = std::floor((x - min) / field.precision + 0.5);
  if (!field.ranged) step = std::clamp(step, -steps_max, steps_max);
  return min + step * field.precision;
}

template <class T>
bool round_float(const Field& field, std::uint8_t* at) {
  const T x = load<T>(at);
  if (!std::isfinite(x)) return false;
  if (!field.quantised && !field.ranged) return true;
  T result = static_cast<T>(rounded(field, static_cast<double>(x)));
  // The last step, or rounding to float32, can reach the end of the turn: the same angle as its start.
  if (field.angle && static_cast<double>(result) >= field.max) result = static_cast<T>(field.min);
  store(at, result);
  return true;
}

// A bound as a T; one beyond T's own range becomes T's end (in double, the largest 64-bit integers round up to it).
template <class T>
T bound(double x) {
  using Limits = std::numeric_limits<T>;
  if (x >= static_cast<double>(Limits::max())) return Limits::max();
  if (x <= static_cast<double>(Limits::min())) return Limits::min();
  return static_cast<T>(x);
}

template <class T>
bool clamp_integer(const Field& field, std::uint8_t* at) {
  if (field.ranged) store(at, std::clamp(load<T>(at), bound<T>(field.min), bound<T>(field.max)));
  return true;
}

bool round_field(const Field& field, std::uint8_t* at) {
  switch (field.type) {
    case wire::FieldType::Bool: store<std::uint8_t>(at, *at != 0 ? 1 : 0); return true;
    case wire::FieldType::Int8: return clamp_integer<std::int8_t>(field, at);
    case wire::FieldType::UInt8: return clamp_integer<std::uint8_t>(field, at);
    case wire::FieldType::Int16: return clamp_integer<std::int16_t>(field, at);
    case wire::FieldType::UInt16: return clamp_integer<std::uint16_t>(field, at);
    case wire::FieldType::Int32: return clamp_integer<std::int32_t>(field, at);
    case wire::FieldType::UInt32: return clamp_integer<std::uint32_t>(field, at);
    case wire::FieldType::Int64: return clamp_integer<std::int64_t>(field, at);
    case wire::FieldType::UInt64: return clamp_integer<std::uint64_t>(field, at);
    case wire::FieldType::Float32: return round_float<float>(field, at);
    case wire::FieldType::Float64: return round_float<double>(field, at);
  }
  return false;
}

}  // namespace

bool quantise(const Component& component, std::uint64_t mask, std::uint8_t* value, std::string& field) {
  for (std::size_t i = 0; i < component.fields.size(); ++i) {
    if ((mask >> i & 1) == 0 || round_field(component.fields[i], value + component.fields[i].offset)) continue;
    field = component.fields[i].name;
    return false;
  }
  return true;
}

}  // namespace sdk
}  // namespace tickrelay
