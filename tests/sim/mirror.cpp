#include "mirror.h"

#include <cstring>
#include <unordered_set>

#include "truth.h"

namespace tickrelay::sim {

Shape Shape::of(const wire::Layout& layout) {
  static constexpr std::uint8_t widths[] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
  Shape shape;
  shape.fingerprint = layout.fingerprint();
  for (const wire::Component* component : *layout.components()) {
    Component& to = shape.components.emplace_back();
    to.bytes = component->bytes();
    if (component->fields() == nullptr) continue;
    for (const wire::Field* field : *component->fields())
      to.fields.push_back({widths[static_cast<std::size_t>(field->type())], field->offset()});
  }
  return shape;
}

void Mirror::reset(const Shape& shape) {
  shape_ = shape;
  have_ = 0;
  hash_ = 0;
  entities_.clear();
}

void Mirror::apply(const wire::StateFrame& frame) {
  if (frame.head()->span() == 0) {
    entities_.clear();
    hash_ = 0;
  }
  if ((frame.head()->flags() & wire::FrameFlags::ListsAlive) != wire::FrameFlags{}) {
    std::unordered_set<std::uint32_t> alive;
    if (frame.alive() != nullptr) alive.insert(frame.alive()->begin(), frame.alive()->end());
    std::vector<std::uint32_t> gone;
    for (const auto& [id, values] : entities_)
      if (!alive.contains(id)) gone.push_back(id);
    for (const std::uint32_t id : gone) remove(id);
  }
  if (frame.removed() != nullptr)
    for (const std::uint32_t id : *frame.removed()) remove(id);
  if (frame.columns() != nullptr)
    for (const wire::Column* column : *frame.columns()) apply_column(*column);
  have_ = frame.head()->tick();
}

void Mirror::remove(std::uint32_t entity) {
  const auto it = entities_.find(entity);
  if (it == entities_.end()) return;
  for (const Value& value : it->second) hash_ -= value.hash;
  entities_.erase(it);
}

Mirror::Value& Mirror::touch(std::uint32_t entity, std::size_t component) {
  auto& values = entities_[entity];
  if (values.empty()) values.resize(shape_.components.size());
  Value& value = values[component];
  hash_ -= value.hash;
  if (!value.present) value.bytes.assign(shape_.components[component].bytes, '\0');
  value.present = true;
  return value;
}

void Mirror::settle(Value& value, std::uint32_t entity, std::size_t component) {
  value.hash = value_hash(entity, component, std::as_bytes(std::span(value.bytes)));
  hash_ += value.hash;
}

void Mirror::apply_column(const wire::Column& column) {
  SIM_REQUIRE(column.component() < shape_.components.size(), "a component beyond the layout");
  SIM_REQUIRE(column.ids() != nullptr, "a column without ids");
  const Shape::Component& shape = shape_.components[column.component()];
  if (shape.bytes == 0) return apply_opaque(column);
  const std::size_t mask_bytes = shape.mask_bytes();
  SIM_REQUIRE(column.masks() == nullptr || column.masks()->size() == mask_bytes * column.ids()->size(),
              "masks of a wrong size");
  const std::uint8_t* mask = column.masks() == nullptr ? nullptr : column.masks()->data();
  const std::size_t size = column.values() == nullptr ? 0 : column.values()->size();
  std::size_t at = 0;
  for (const std::uint32_t id : *column.ids()) {
    Value& value = touch(id, column.component());
    for (std::size_t i = 0; i < shape.fields.size(); ++i) {
      if (mask != nullptr && (mask[i / 8] >> (i % 8) & 1) == 0) continue;
      const Shape::Field& field = shape.fields[i];
      SIM_REQUIRE(at + field.bytes <= size, "values end early");
      std::memcpy(value.bytes.data() + field.offset, column.values()->data() + at, field.bytes);
      at += field.bytes;
    }
    if (mask != nullptr) mask += mask_bytes;
    settle(value, id, column.component());
  }
  SIM_REQUIRE(at == size, "values left over");
}

void Mirror::apply_opaque(const wire::Column& column) {
  SIM_REQUIRE(column.lengths() != nullptr && column.lengths()->size() == column.ids()->size(),
              "lengths of a wrong count");
  std::size_t at = 0;
  for (flatbuffers::uoffset_t k = 0; k < column.ids()->size(); ++k) {
    const std::uint32_t id = column.ids()->Get(k);
    const std::uint32_t length = column.lengths()->Get(k);
    Value& value = touch(id, column.component());
    SIM_REQUIRE(length == 0 || (column.values() != nullptr && at + length <= column.values()->size()),
                "values end early");
    value.bytes.assign(length == 0 ? "" : reinterpret_cast<const char*>(column.values()->data()) + at, length);
    at += length;
    settle(value, id, column.component());
  }
}

const std::string* Mirror::value(std::uint32_t entity, std::size_t component) const {
  const auto it = entities_.find(entity);
  if (it == entities_.end() || component >= it->second.size() || !it->second[component].present) return nullptr;
  return &it->second[component].bytes;
}

std::uint32_t Mirror::owner(std::uint32_t entity) const {
  const std::string* bytes = value(entity, 0);
  std::uint32_t owner = 0;
  if (bytes != nullptr && bytes->size() == 4) std::memcpy(&owner, bytes->data(), 4);
  return owner;
}

}  // namespace tickrelay::sim
