#include "bench/load/layout.h"

#include <algorithm>
#include <cmath>

namespace tickrelay::bench {
namespace {

std::string text(const flatbuffers::String* string) { return string == nullptr ? std::string() : string->str(); }

Field read_field(const wire::Field& field) {
  return {.name = text(field.name()),
          .type = field.type(),
          .offset = field.offset(),
          .flags = static_cast<FieldFlags>(field.flags()),
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

float quantise(const Field& field, float value) {
  constexpr double steps_max = 2147483647;
  const bool ranged = field.has(FieldFlags::Ranged);
  double x = value;
  if (ranged) x = std::clamp(x, field.min, field.max);
  if (!field.has(FieldFlags::Quantised)) return static_cast<float>(x);
  const double origin = ranged ? field.min : 0;
  double steps = std::floor((x - origin) / field.precision + 0.5);
  if (!ranged) steps = std::clamp(steps, -steps_max, steps_max);
  return static_cast<float>(origin + steps * field.precision);
}

}  // namespace tickrelay::bench
