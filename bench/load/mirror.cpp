#include "bench/load/mirror.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace tickrelay::bench {

Mirror::Mirror(std::shared_ptr<const Layout> layout) : layout_(std::move(layout)) {
  values_.resize(layout_->components.size());
  for (const LayoutComponent& component : layout_->components) {
    std::size_t bytes = 0;
    for (const LayoutField& field : component.fields) bytes += native_bytes(field.type);
    value_bytes_.push_back(bytes);
  }
}

void Mirror::forget() {
  for (Values& values : values_) values.clear();
}

std::span<const std::uint8_t> Mirror::value(std::uint16_t component, std::uint32_t entity) const {
  const auto found = values_[component].find(entity);
  if (found == values_[component].end()) return {};
  return found->second;
}

// Removals before values.
bool Mirror::apply(const wire::StateFrame& frame) {
  changes_.clear();
  if (frame.head()->span() == 0 || frame.head()->span() >= frame.head()->tick()) forget();
  remove(frame);
  if (frame.columns() == nullptr) return true;
  return std::all_of(frame.columns()->begin(), frame.columns()->end(),
                     [this](const wire::Column* column) { return apply_column(*column); });
}

void Mirror::remove(const wire::StateFrame& frame) {
  const auto flags = static_cast<unsigned>(frame.head()->flags());
  if (flags & static_cast<unsigned>(wire::FrameFlags::ListsAlive)) {
    std::unordered_set<std::uint32_t> alive;
    if (frame.alive() != nullptr) alive.insert(frame.alive()->begin(), frame.alive()->end());
    for (Values& values : values_) {
      std::erase_if(values, [&](const auto& entry) { return !alive.contains(entry.first); });
    }
  }
  if (frame.removed() == nullptr) return;
  for (const std::uint32_t entity : *frame.removed()) {
    for (Values& values : values_) values.erase(entity);
  }
}

bool Mirror::apply_column(const wire::Column& column) {
  if (column.component() >= values_.size()) return false;
  if (column.ids() == nullptr || column.values() == nullptr) return column.ids() == nullptr;
  const LayoutComponent& component = layout_->components[column.component()];
  Values& values = values_[column.component()];
  for (const std::uint32_t entity : *column.ids()) changes_.push_back({column.component(), entity});
  return component.opaque ? apply_opaque(column, values) : apply_fields(column, component, values);
}

bool Mirror::apply_opaque(const wire::Column& column, Values& values) {
  if (column.lengths() == nullptr || column.lengths()->size() != column.ids()->size()) return false;
  const std::uint8_t* next = column.values()->data();
  std::size_t left = column.values()->size();
  for (std::uint32_t k = 0; k < column.ids()->size(); ++k) {
    const std::uint32_t length = column.lengths()->Get(k);
    if (length > left) return false;
    values[column.ids()->Get(k)].assign(next, next + length);
    next += length, left -= length;
  }
  return left == 0;
}

bool Mirror::apply_fields(const wire::Column& column, const LayoutComponent& component, Values& values) {
  const std::size_t mask_bytes = component.mask_bytes();
  const std::uint8_t* masks = column.masks() == nullptr ? nullptr : column.masks()->data();
  if (masks != nullptr && column.masks()->size() != mask_bytes * column.ids()->size()) return false;
  const std::uint8_t* next = column.values()->data();
  const std::uint8_t* const end = next + column.values()->size();
  for (std::uint32_t k = 0; k < column.ids()->size(); ++k) {
    std::vector<std::uint8_t>& value = values[column.ids()->Get(k)];
    value.resize(value_bytes_[column.component()]);
    std::size_t offset = 0;
    for (std::size_t field = 0; field < component.fields.size(); ++field) {
      const std::size_t bytes = native_bytes(component.fields[field].type);
      if (masks == nullptr || (masks[k * mask_bytes + field / 8] >> (field % 8) & 1)) {
        if (static_cast<std::size_t>(end - next) < bytes) return false;
        std::memcpy(value.data() + offset, next, bytes);
        next += bytes;
      }
      offset += bytes;
    }
  }
  return next == end;
}

}  // namespace tickrelay::bench
