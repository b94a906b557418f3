#include "bench/load/mirror.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace tickrelay::bench {
namespace {

bool flagged(const wire::StateFrame& frame, wire::FrameFlags flag) {
  return (static_cast<unsigned>(frame.head()->flags()) & static_cast<unsigned>(flag)) != 0;
}

}  // namespace

Mirror::Mirror(std::shared_ptr<const Layout> layout, wire::Codec codec) : layout_(std::move(layout)), codec_(codec) {
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

// A room's frames are all in parts, or none.
Applied Mirror::apply(const wire::StateFrame& frame) {
  changes_.clear();
  const bool whole = frame.head()->span() == 0 || frame.head()->span() >= frame.head()->tick();
  const bool in_parts = flagged(frame, wire::FrameFlags::InParts);
  if (in_parts || packed_ ? frame.columns() != nullptr : frame.packed() != nullptr) return Applied::broken;
  if (in_parts) {
    if (!parts_) parts_ = std::make_unique<PartsCopy>(*layout_, codec_, static_cast<PartsCopy::Plain&>(*this));
    return parts_->apply(frame, *this);
  }
  if (whole) {
    for (Values& values : values_) values.clear();
  }
  if (packed_) return apply_packed(frame, whole);
  return apply_plain(frame, *this) ? Applied::done : Applied::broken;
}

Applied Mirror::apply_packed(const wire::StateFrame& frame, bool whole) {
  std::span<const std::uint8_t> payload;
  if (frame.packed() != nullptr) payload = {frame.packed()->data(), frame.packed()->size()};
  return packed_->apply({frame.head()->kind(), flagged(frame, wire::FrameFlags::KeyTick), whole}, payload, *this);
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

// Removals before values.
bool Mirror::apply_plain(const wire::StateFrame& frame, packed::Changed& changed) {
  if (flagged(frame, wire::FrameFlags::ListsAlive)) {
    std::span<const std::uint32_t> alive;
    if (frame.alive() != nullptr) alive = {frame.alive()->data(), frame.alive()->size()};
    changed.keep_only(alive);
  }
  if (frame.removed() != nullptr) {
    for (const std::uint32_t entity : *frame.removed()) changed.removed(entity);
  }
  if (frame.columns() == nullptr) return true;
  return std::all_of(frame.columns()->begin(), frame.columns()->end(),
                     [&](const wire::Column* column) { return apply_column(*column, changed); });
}

bool Mirror::apply_column(const wire::Column& column, packed::Changed& changed) {
  if (column.component() >= values_.size()) return false;
  if (column.ids() == nullptr || column.values() == nullptr) return column.ids() == nullptr;
  return layout_->components[column.component()].opaque ? apply_opaque(column, changed) : apply_fields(column, changed);
}

bool Mirror::apply_opaque(const wire::Column& column, packed::Changed& changed) {
  if (column.lengths() == nullptr || column.lengths()->size() != column.ids()->size()) return false;
  const std::uint8_t* next = column.values()->data();
  std::size_t left = column.values()->size();
  for (std::uint32_t k = 0; k < column.ids()->size(); ++k) {
    const std::uint32_t length = column.lengths()->Get(k);
    if (length > left) return false;
    changed.put_opaque(column.component(), column.ids()->Get(k), {next, length});
    next += length, left -= length;
  }
  return left == 0;
}

bool Mirror::apply_fields(const wire::Column& column, packed::Changed& changed) {
  const std::size_t mask_bytes = layout_->components[column.component()].mask_bytes();
  if (column.masks() != nullptr && column.masks()->size() != mask_bytes * column.ids()->size()) return false;
  auto left = std::as_bytes(std::span(column.values()->data(), column.values()->size()));
  for (std::uint32_t k = 0; k < column.ids()->size(); ++k) {
    std::uint64_t mask = column.masks() == nullptr ? ~std::uint64_t{0} : 0;
    if (column.masks() != nullptr) std::memcpy(&mask, column.masks()->data() + k * mask_bytes, mask_bytes);
    const std::size_t bytes = masked_bytes(column.component(), mask);
    if (bytes > left.size() || !changed.put(column.component(), column.ids()->Get(k), mask, left.first(bytes))) return false;
    left = left.subspan(bytes);
  }
  return left.empty();
}

}  // namespace tickrelay::bench
