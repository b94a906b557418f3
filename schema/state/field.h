// A field of a state component, as the relay and every C++ client read it from a layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "schema/protocol_generated.h"

namespace tickrelay {

using wire::FieldFlags;
using wire::FieldType;

constexpr bool is_float(FieldType type) { return type == FieldType::Float32 || type == FieldType::Float64; }

// Bytes; 0: a type beyond the enum.
constexpr std::uint8_t width_of(FieldType type) {
  switch (type) {
    case FieldType::Bool:
    case FieldType::Int8:
    case FieldType::UInt8: return 1;
    case FieldType::Int16:
    case FieldType::UInt16: return 2;
    case FieldType::Int32:
    case FieldType::UInt32:
    case FieldType::Float32: return 4;
    case FieldType::Int64:
    case FieldType::UInt64:
    case FieldType::Float64: return 8;
  }
  return 0;
}

struct Field {
  std::string name;  // nested structs flattened: "pos.x"
  FieldType type = FieldType::Bool;
  std::uint16_t offset = 0;  // in the component's struct
  FieldFlags flags{};
  double precision = 0;
  double min = 0;
  double max = 0;

  [[nodiscard]] std::uint8_t width() const { return width_of(type); }
  [[nodiscard]] bool has(FieldFlags flag) const { return (flags & flag) != FieldFlags{}; }
};

}  // namespace tickrelay
