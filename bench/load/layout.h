#pragma once
// A room's layout as Welcome tells it, in plain structs. Immutable after it was read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/protocol_generated.h"
#include "schema/state/field.h"

namespace tickrelay::bench {

struct LayoutComponent {
  std::string name;
  bool opaque = false;
  std::vector<Field> fields;
  std::size_t mask_bytes() const { return (fields.size() + 7) / 8; }
};

struct Layout {
  std::vector<LayoutComponent> components;
  std::optional<std::uint16_t> find(std::string_view name) const;
};

Layout read_layout(const wire::Layout& layout);

// PROTOCOL.md, "Quantisation", for a finite value of a float32 field that is no angle.
float quantise(const Field& field, float value);

}  // namespace tickrelay::bench
