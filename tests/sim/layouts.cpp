#include "layouts.h"

#include <algorithm>

#include "relay/core/limits.h"

namespace tickrelay::sim {

namespace {

// Fields of floats that are one value: a quaternion's four, or an angle alone.
void mark_turns(std::vector<Field>& fields, Random& random) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    Field& field = fields[i];
    if (field.type != FieldType::Float32 || field.flags != FieldFlags{} || !random.chance(0.3)) continue;
    field.flags = FieldFlags::Quantised | FieldFlags::Ranged | FieldFlags::Angle;
    field.precision = 0.01;
    field.min = -3;
    field.max = 3;
  }
}

void add_quat(Component& component, std::size_t& offset, Random& random) {
  offset = (offset + 3) / 4 * 4;
  const double precision = random.chance(0.5) ? 0.001 : 0.05;
  for (std::size_t i = 0; i < 4; ++i, offset += 4)
    component.fields.push_back({.name = std::string("q").append(std::to_string(component.fields.size())),
                                .type = FieldType::Float32,
                                .offset = static_cast<std::uint16_t>(offset),
                                .flags = FieldFlags::Quat | FieldFlags::Quantised,
                                .precision = precision});
}

void decorate(Field& field, Random& random) {
  if (field.type == FieldType::Float32 || field.type == FieldType::Float64) {
    if (random.chance(0.5)) {
      field.flags |= FieldFlags::Quantised;
      field.precision = 0.125;
    }
    if (random.chance(0.3)) {
      field.flags = field.flags | FieldFlags::Ranged;
      field.min = -100;
      field.max = 250;
    }
  } else if (field.type == FieldType::Int16 && random.chance(0.5)) {
    field.flags = FieldFlags::Ranged;
    field.min = -5;
    field.max = 1000;
  }
}

Component random_struct(Random& random, std::size_t fields) {
  Component component;
  std::size_t offset = 0, align_max = 1;
  for (std::size_t i = 0; i < fields; ++i) {
    if (i + 4 <= fields && offset + 19 <= limits::component_bytes_max && random.chance(0.1)) {
      add_quat(component, offset, random);
      align_max = std::max<std::size_t>(align_max, 4);
      i += 3;
      continue;
    }
    Field field;
    field.name = std::string("f").append(std::to_string(i));
    field.type = static_cast<FieldType>(random.below(11));
    const std::size_t width = width_of(field.type);
    offset = (offset + width - 1) / width * width;
    if (offset + width > limits::component_bytes_max) break;
    field.offset = static_cast<std::uint16_t>(offset);
    decorate(field, random);
    offset += width;
    align_max = std::max(align_max, width);
    component.fields.push_back(field);
  }
  mark_turns(component.fields, random);
  component.bytes = static_cast<std::uint16_t>((offset + align_max - 1) / align_max * align_max);
  return component;
}

}  // namespace

LayoutPointer random_layout(Random& random) {
  std::vector<Component> components;
  const std::size_t count = 1 + random.below(5);
  for (std::size_t i = 0; i < count; ++i) {
    const bool opaque = i != 0 && random.chance(0.25);
    const std::size_t fields = random.chance(0.03) ? 64 : 1 + random.below(random.chance(0.3) ? 20 : 6);
    Component component = opaque ? Component{} : random_struct(random, fields);
    component.name = std::string("sim.C").append(std::to_string(i));
    component.player = random.chance(0.4);
    components.push_back(std::move(component));
  }
  return std::make_shared<const Layout>(std::move(components));
}

void make_position(LayoutPointer& layout, Random& random) {
  std::vector<Component> components(layout->components().begin() + first_schema_component, layout->components().end());
  Component place;
  place.name = "sim.Place";
  const std::size_t axes = 1 + random.below(3);
  for (std::size_t i = 0; i < axes + 1; ++i) {
    Field field{.name = std::string("p").append(std::to_string(i)), .type = FieldType::Float32, .offset = static_cast<std::uint16_t>(4 * i)};
    decorate(field, random);
    if (i < axes) field.flags |= FieldFlags::Position;
    place.fields.push_back(field);
  }
  place.bytes = static_cast<std::uint16_t>(4 * (axes + 1));
  place.priority = random.chance(0.3) ? 5 : 1;
  components.push_back(std::move(place));
  layout = std::make_shared<const Layout>(std::move(components));
}

}  // namespace tickrelay::sim
