#include "blend.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tickrelay {
inline namespace sdk {
namespace {

double read(const Field& field, const std::uint8_t* value) {
  if (field.type == FieldType::Float64) {
    double number;
    std::memcpy(&number, value + field.offset, sizeof number);
    return number;
  }
  float number;
  std::memcpy(&number, value + field.offset, sizeof number);
  return number;
}

void write(const Field& field, double number, std::uint8_t* value) {
  if (field.type == FieldType::Float64) {
    std::memcpy(value + field.offset, &number, sizeof number);
    return;
  }
  const auto narrow = static_cast<float>(number);
  std::memcpy(value + field.offset, &narrow, sizeof narrow);
}

// Round by round: from min to just below max.
double wrapped(const Field& field, double number) {
  const double turn = field.max - field.min;
  return number - turn * std::floor((number - field.min) / turn);
}

double difference(const Field& field, double from, double to) {
  if (!field.has(FieldFlags::Angle)) return to - from;
  const double turn = field.max - field.min;
  return std::remainder(to - from, turn);
}

double within(const Field& field, double number) {
  if (field.has(FieldFlags::Angle)) return wrapped(field, number);
  if (field.has(FieldFlags::Ranged)) return std::clamp(number, field.min, field.max);
  return number;
}

bool starts_quat(const Component& component, std::size_t i) { return (component.quats >> i & 1) != 0; }

// A quaternion and its negative are the same turn: the nearer one.
double nearer(const Field* fields, const std::uint8_t* from, const std::uint8_t* to) {
  double dot = 0;
  for (int k = 0; k < 4; ++k) dot += read(fields[k], from) * read(fields[k], to);
  return dot < 0 ? -1 : 1;
}

void write_unit(const Field* fields, const double* parts, std::uint8_t* value) {
  double length = 0;
  for (int k = 0; k < 4; ++k) length += parts[k] * parts[k];
  length = std::sqrt(length);
  if (length < 1e-9) return;  // no direction: it stays as it is
  for (int k = 0; k < 4; ++k) write(fields[k], parts[k] / length, value);
}

}  // namespace

void blend(const Component& component, const std::uint8_t* from, const std::uint8_t* to, double way, std::uint8_t* out) {
  std::memcpy(out, way < 1 ? from : to, component.bytes);
  for (std::size_t i = 0; i < component.fields.size(); ++i) {
    const Field& field = component.fields[i];
    if (starts_quat(component, i)) {
      const double sign = nearer(&field, from, to);
      double parts[4];
      for (std::size_t k = 0; k < 4; ++k) {
        const double start = read(component.fields[i + k], from);
        parts[k] = start + (read(component.fields[i + k], to) * sign - start) * way;
      }
      write_unit(&field, parts, out);
      i += 3;
    } else if (is_float(field.type)) {
      const double start = read(field, from);
      write(field, within(field, start + difference(field, start, read(field, to)) * way), out);
    }
  }
}

void gap_between(const Component& component, const std::uint8_t* from, const std::uint8_t* to, Gap& gap) {
  gap.assign(component.fields.size(), 0);
  for (std::size_t i = 0; i < component.fields.size(); ++i) {
    const Field& field = component.fields[i];
    if (starts_quat(component, i)) {
      const double sign = nearer(&field, from, to);
      for (std::size_t k = 0; k < 4; ++k)
        gap[i + k] = read(component.fields[i + k], to) * sign - read(component.fields[i + k], from);
      i += 3;
    } else if (is_float(field.type)) {
      gap[i] = difference(field, read(field, from), read(field, to));
    }
  }
}

void add_gap(const Component& component, const Gap& gap, double share, std::uint8_t* value) {
  for (std::size_t i = 0; i < component.fields.size(); ++i) {
    const Field& field = component.fields[i];
    if (starts_quat(component, i)) {
      double parts[4];
      for (std::size_t k = 0; k < 4; ++k) parts[k] = read(component.fields[i + k], value) + gap[i + k] * share;
      write_unit(&field, parts, value);
      i += 3;
    } else if (gap[i] != 0) {
      write(field, within(field, read(field, value) + gap[i] * share), value);
    }
  }
}

double length_of(const Gap& gap) {
  double sum = 0;
  for (const double each : gap) sum += each * each;
  return std::sqrt(sum);
}

}  // namespace sdk
}  // namespace tickrelay
