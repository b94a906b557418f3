#include "schema/packed/lanes.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "schema/state/quantise.h"
#include "schema/state/quat.h"

namespace tickrelay::packed {
namespace {

static_assert(std::endian::native == std::endian::little, "values are read as they lie on the wire");

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
std::size_t store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
  return sizeof value;
}

// Floats in the order of their values.
std::int32_t ordered(std::int32_t bits) { return bits < 0 ? bits ^ 0x7FFFFFFF : bits; }

double as_double(const Field& field, const std::byte* at) {
  return field.type == FieldType::Float64 ? load<double>(at) : static_cast<double>(load<float>(at));
}

void read_field(const Field& field, const std::byte* at, std::int32_t* lanes) {
  if (field.has(FieldFlags::Quantised)) {
    lanes[0] = static_cast<std::int32_t>(static_cast<std::uint32_t>(step_of(field, as_double(field, at))));
    return;
  }
  switch (field.type) {
    case FieldType::Bool:
    case FieldType::UInt8: lanes[0] = load<std::uint8_t>(at); return;
    case FieldType::Int8: lanes[0] = load<std::int8_t>(at); return;
    case FieldType::UInt16: lanes[0] = load<std::uint16_t>(at); return;
    case FieldType::Int16: lanes[0] = load<std::int16_t>(at); return;
    case FieldType::UInt32:
    case FieldType::Int32: lanes[0] = load<std::int32_t>(at); return;
    case FieldType::Float32: lanes[0] = ordered(load<std::int32_t>(at)); return;
    case FieldType::UInt64:
    case FieldType::Int64:
      lanes[0] = load<std::int32_t>(at + 4);
      lanes[1] = load<std::int32_t>(at);
      return;
    case FieldType::Float64:
      lanes[0] = ordered(load<std::int32_t>(at + 4));
      lanes[1] = load<std::int32_t>(at);
      return;
  }
}

// One field, native bytes. Returns how many.
std::size_t write_field(const Field& field, const std::int32_t* lanes, std::byte* to) {
  if (field.has(FieldFlags::Quantised)) {
    const bool ranged = field.has(FieldFlags::Ranged);
    store_step(field, ranged ? std::int64_t{static_cast<std::uint32_t>(lanes[0])} : std::int64_t{lanes[0]}, to);
    return field.width();
  }
  switch (field.type) {
    case FieldType::Bool:
    case FieldType::UInt8:
    case FieldType::Int8: return store(to, static_cast<std::uint8_t>(lanes[0]));
    case FieldType::UInt16:
    case FieldType::Int16: return store(to, static_cast<std::uint16_t>(lanes[0]));
    case FieldType::UInt32:
    case FieldType::Int32: return store(to, lanes[0]);
    case FieldType::Float32: return store(to, ordered(lanes[0]));
    case FieldType::UInt64:
    case FieldType::Int64: store(to, lanes[1]); return store(to + 4, lanes[0]) + 4;
    case FieldType::Float64: store(to, lanes[1]); return store(to + 4, ordered(lanes[0])) + 4;
  }
  return 0;
}

std::size_t write_quat(double precision, const std::int32_t* lanes, std::byte* to) {
  const Quat value = quat_at(precision, {.largest = lanes[0], .steps = {lanes[1], lanes[2], lanes[3], lanes[4]}});
  return store(to, value);
}

std::uint16_t lanes_of(const Field& field) { return field.width() == 8 && !field.has(FieldFlags::Quantised) ? 2 : 1; }

std::uint32_t turn_of(const Field& field) {
  const std::uint32_t steps = steps_of_turn(field);
  return steps <= turn_max ? steps : 0;
}

}  // namespace

Lanes::Lanes(std::span<const Field> from) : fields(from.begin(), from.end()) {
  const std::uint64_t quats = quats_of(fields);
  for (std::size_t f = 0; f < fields.size(); f += parts.back().quat ? 4 : 1) {
    const bool quat = (quats >> f & 1) != 0;
    parts.push_back({.field = static_cast<std::uint8_t>(f),
                     .quat = quat,
                     .boolean = fields[f].type == FieldType::Bool,
                     .lane = static_cast<std::uint16_t>(count_),
                     .lanes = quat ? std::uint16_t{5} : lanes_of(fields[f]),
                     .turn = quat ? 0 : turn_of(fields[f]),
                     .precision = fields[f].precision});
    count_ += parts.back().lanes;
  }
}

std::uint64_t Lanes::gathered(std::uint64_t mask) const {
  std::uint64_t gathered = 0;
  for (std::size_t p = 0; p < parts.size(); ++p)
    if ((mask >> parts[p].field & (parts[p].quat ? 0xFU : 1U)) != 0) gathered |= std::uint64_t{1} << p;
  return gathered;
}

std::uint64_t Lanes::spread(std::uint64_t mask) const {
  std::uint64_t spread = 0;
  for (std::size_t p = 0; p < parts.size(); ++p)
    if ((mask >> p & 1) != 0) spread |= std::uint64_t{parts[p].quat ? 0xFU : 1U} << parts[p].field;
  return spread;
}

void read_lanes(const Lanes& component, const Part& part, const std::byte* value, std::span<std::int32_t> lanes) {
  std::int32_t* to = &lanes[part.lane];
  const Field* from = &component.fields[part.field];
  if (!part.quat) return read_field(*from, value + from->offset, to);
  Quat four;
  for (std::size_t i = 0; i < 4; ++i) four[i] = load<float>(value + from[i].offset);
  const QuatSteps at = steps_of(part.precision, four);
  to[0] = at.largest;
  std::ranges::copy(at.steps, to + 1);
}

std::size_t write_part(const Lanes& component, const Part& part, std::span<const std::int32_t> lanes, std::byte* to) {
  const std::int32_t* from = &lanes[part.lane];
  return part.quat ? write_quat(part.precision, from, to) : write_field(component.fields[part.field], from, to);
}

}  // namespace tickrelay::packed
