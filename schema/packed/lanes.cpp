#include "schema/packed/lanes.h"

#include <bit>
#include <cstring>

#include "schema/state/quantise.h"

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

}  // namespace

Lanes::Lanes(std::span<const Field> from) : fields(from.begin(), from.end()) {
  std::uint16_t lane = 0;
  for (const Field& field : fields) {
    first.push_back(lane);
    const bool two = field.width() == 8 && !field.has(FieldFlags::Quantised);
    lane = static_cast<std::uint16_t>(lane + (two ? 2 : 1));
  }
  first.push_back(lane);
}

void read_lanes(const Lanes& component, std::size_t field, const std::byte* value, std::span<std::int32_t> lanes) {
  const Field& from = component.fields[field];
  read_field(from, value + from.offset, &lanes[component.first[field]]);
}

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

}  // namespace tickrelay::packed
