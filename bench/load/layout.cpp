#include "bench/load/layout.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tickrelay::bench {
namespace {

std::string text(const flatbuffers::String* string) { return string == nullptr ? std::string() : string->str(); }

bool has(wire::FieldFlags flags, wire::FieldFlags flag) {
  return (static_cast<unsigned>(flags) & static_cast<unsigned>(flag)) != 0;
}

LayoutField read_field(const wire::Field& field) {
  return {.name = text(field.name()),
          .type = field.type(),
          .quantised = has(static_cast<wire::FieldFlags>(field.flags()), wire::FieldFlags::Quantised),
          .ranged = has(static_cast<wire::FieldFlags>(field.flags()), wire::FieldFlags::Ranged),
          .precision = field.precision(),
          .min = field.min(),
          .max = field.max()};
}

}  // namespace

std::optional<std::uint16_t> Layout::find(std::string_view name) const {
  for (std::size_t i = 0; i < components.size(); ++i) {
    if (components[i].name == name) return static_cast<std::uint16_t>(i);
  }
  return std::nullopt;
}

std::size_t native_bytes(wire::FieldType type) {
  constexpr std::array<std::uint8_t, 11> bytes{1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
  return static_cast<std::size_t>(type) < bytes.size() ? bytes[static_cast<std::size_t>(type)] : 0;
}

Layout read_layout(const wire::Layout& layout) {
  Layout read;
  if (layout.components() == nullptr) return read;
  for (const wire::Component* component : *layout.components()) {
    LayoutComponent& made = read.components.emplace_back();
    made.name = text(component->name());
    made.opaque = component->bytes() == 0;
    if (component->fields() == nullptr) continue;
    for (const wire::Field* field : *component->fields()) made.fields.push_back(read_field(*field));
  }
  return read;
}

float quantise(const LayoutField& field, float value) {
  constexpr double steps_max = 2147483647;
  double x = value;
  if (field.ranged) x = std::clamp(x, field.min, field.max);
  if (!field.quantised) return static_cast<float>(x);
  const double origin = field.ranged ? field.min : 0;
  double steps = std::floor((x - origin) / field.precision + 0.5);
  if (!field.ranged) steps = std::clamp(steps, -steps_max, steps_max);
  return static_cast<float>(origin + steps * field.precision);
}

}  // namespace tickrelay::bench
