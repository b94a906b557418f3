#include "bench/load/mirror.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace tickrelay::bench {

Mirror::Mirror(std::shared_ptr<const Layout> layout, wire::Codec codec) : layout_(std::move(layout)) {
  values_.resize(layout_->components.size());
  for (std::size_t i = 0; i < values_.size(); ++i) value_bytes_.push_back(masked_bytes(i, ~std::uint64_t{0}));
  if (codec == wire::Codec::Packed) packed_ = std::make_unique<PackedCopy>(*layout_);
}

std::size_t Mirror::masked_bytes(std::size_t component, std::uint64_t mask) const {
  std::size_t bytes = 0;
  for (const Field& field : layout_->components[component].fields) {
    if ((mask & 1) != 0) bytes += field.width();
    mask >>= 1;
  }
  return bytes;
}

void Mirror::rejoin() {
  if (packed_) packed_->rejoin();
}

std::span<const std::uint8_t> Mirror::value(std::uint16_t component, std::uint32_t entity) const {
  const auto found = values_[component].find(entity);
  if (found == values_[component].end()) return {};
  return found->second;
}

// Removals before values.
Applied Mirror::apply(const wire::StateFrame& frame) {
  changes_.clear();
  const bool whole = frame.head()->span() == 0 || frame.head()->span() >= frame.head()->tick();
  if (packed_ ? frame.columns() != nullptr : frame.packed() != nullptr) return Applied::broken;
  if (whole) {
    for (Values& values : values_) values.clear();
  }
  if (packed_) return packed_->apply(frame, whole, *this);
  remove(frame);
  return apply_columns(frame) ? Applied::done : Applied::broken;
}

// ------------------------------------------------------------------------------------------------- what frames say

void Mirror::removed(std::uint32_t entity) {
  for (Values& values : values_) values.erase(entity);
}

void Mirror::keep_only(std::span<const std::uint32_t> entities) {
  const std::unordered_set<std::uint32_t> alive(entities.begin(), entities.end());
  for (Values& values : values_) {
    std::erase_if(values, [&](const auto& entry) { return !alive.contains(entry.first); });
  }
}

bool Mirror::put(std::size_t component, std::uint32_t entity, std::uint64_t mask, std::span<const std::byte> values) {
  if (values.size() != masked_bytes(component, mask)) return false;
  changes_.push_back({static_cast<std::uint16_t>(component), entity});
  std::vector<std::uint8_t>& value = values_[component][entity];
  value.resize(value_bytes_[component]);
  const std::byte* next = values.data();
  std::uint8_t* to = value.data();
  for (const Field& field : layout_->components[component].fields) {
    if ((mask & 1) != 0) {
      std::memcpy(to, next, field.width());
      next += field.width();
    }
    to += field.width();
    mask >>= 1;
  }
  return true;
}

bool Mirror::put_opaque(std::size_t component, std::uint32_t entity, std::span<const std::uint8_t> value) {
  changes_.push_back({static_cast<std::uint16_t>(component), entity});
  values_[component][entity].assign(value.begin(), value.end());
  return true;
}

// ----------------------------------------------------------------------------------------------------- codec plain

void Mirror::remove(const wire::StateFrame& frame) {
  const auto flags = static_cast<unsigned>(frame.head()->flags());
  if (flags & static_cast<unsigned>(wire::FrameFlags::ListsAlive)) {
    std::span<const std::uint32_t> alive;
    if (frame.alive() != nullptr) alive = {frame.alive()->data(), frame.alive()->size()};
    keep_only(alive);
  }
  if (frame.removed() == nullptr) return;
  for (const std::uint32_t entity : *frame.removed()) removed(entity);
}

bool Mirror::apply_columns(const wire::StateFrame& frame) {
  if (frame.columns() == nullptr) return true;
  return std::all_of(frame.columns()->begin(), frame.columns()->end(),
                     [this](const wire::Column* column) { return apply_column(*column); });
}

bool Mirror::apply_column(const wire::Column& column) {
  if (column.component() >= values_.size()) return false;
  if (column.ids() == nullptr || column.values() == nullptr) return column.ids() == nullptr;
  return layout_->components[column.component()].opaque ? apply_opaque(column) : apply_fields(column);
}

bool Mirror::apply_opaque(const wire::Column& column) {
  if (column.lengths() == nullptr || column.lengths()->size() != column.ids()->size()) return false;
  const std::uint8_t* next = column.values()->data();
  std::size_t left = column.values()->size();
  for (std::uint32_t k = 0; k < column.ids()->size(); ++k) {
    const std::uint32_t length = column.lengths()->Get(k);
    if (length > left) return false;
    put_opaque(column.component(), column.ids()->Get(k), {next, length});
    next += length, left -= length;
  }
  return left == 0;
}

bool Mirror::apply_fields(const wire::Column& column) {
  const std::size_t mask_bytes = layout_->components[column.component()].mask_bytes();
  if (column.masks() != nullptr && column.masks()->size() != mask_bytes * column.ids()->size()) return false;
  auto left = std::as_bytes(std::span(column.values()->data(), column.values()->size()));
  for (std::uint32_t k = 0; k < column.ids()->size(); ++k) {
    std::uint64_t mask = column.masks() == nullptr ? ~std::uint64_t{0} : 0;
    if (column.masks() != nullptr) std::memcpy(&mask, column.masks()->data() + k * mask_bytes, mask_bytes);
    const std::size_t bytes = masked_bytes(column.component(), mask);
    if (bytes > left.size() || !put(column.component(), column.ids()->Get(k), mask, left.first(bytes))) return false;
    left = left.subspan(bytes);
  }
  return left.empty();
}

}  // namespace tickrelay::bench
