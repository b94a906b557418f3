#pragma once
// A room's layout as Welcome tells it, in plain structs. Immutable after it was read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/protocol_generated.h"

namespace tickrelay::bench {

struct LayoutField {
  std::string name{};
  wire::FieldType type = wire::FieldType::Bool;
  bool quantised = false, ranged = false;
  double precision = 0, min = 0, max = 0;
};

struct LayoutComponent {
  std::string name;
  bool opaque = false;
  std::vector<LayoutField> fields;
  std::size_t mask_bytes() const { return (fields.size() + 7) / 8; }
};

struct Layout {
  std::vector<LayoutComponent> components;
  std::optional<std::uint16_t> find(std::string_view name) const;
};

std::size_t native_bytes(wire::FieldType type);
Layout read_layout(const wire::Layout& layout);

// PROTOCOL.md, "Quantisation", for a finite value of a float32 field that is no angle.
float quantise(const LayoutField& field, float value);

}  // namespace tickrelay::bench
