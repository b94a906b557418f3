#include "schema/packed/context.h"

#include <algorithm>
#include <numeric>

namespace tickrelay::packed {
namespace {

// Spreads the bits of a value and of where it stands.
std::uint32_t mixed(EntityId id, std::size_t component, std::size_t lane, std::uint32_t value) {
  std::uint32_t x = id * 0x9E3779B1U ^ static_cast<std::uint32_t>(component << 16 | lane) * 0x85EBCA77U;
  x = (x ^ x >> 15) * 0x2C1B3C6DU ^ value * 0xC2B2AE3DU;
  x = (x ^ x >> 13) * 0x297A2D39U;
  return x ^ x >> 16;
}

}  // namespace

std::uint32_t Rows::add(EntityId id) {
  const auto row = static_cast<std::uint32_t>(ids_.size());
  index_.put(id, row);
  ids_.push_back(id);
  values_.resize(values_.size() + lanes_, 0);
  if (lanes_ == 0) opaque_.emplace_back();
  slot_.push_back(none);
  return row;
}

void Rows::remove(std::uint32_t row) {
  if (slot_[row] != none) drop(slot_[row]);
  index_.erase(ids_[row]);
  const auto last = static_cast<std::uint32_t>(ids_.size() - 1);
  if (row != last) {
    ids_[row] = ids_[last];
    index_.put(ids_[row], row);
    std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>(last * lanes_), lanes_,
                values_.begin() + static_cast<std::ptrdiff_t>(row * lanes_));
    if (lanes_ == 0) opaque_[row].swap(opaque_[last]);
    slot_[row] = slot_[last];
    if (slot_[row] != none) active_[slot_[row]].row = row;
  }
  ids_.pop_back();
  values_.resize(values_.size() - lanes_);
  if (lanes_ == 0) opaque_.pop_back();
  slot_.pop_back();
}

void Rows::clear() {
  index_.clear();
  ids_.clear();
  values_.clear();
  opaque_.clear();
  slot_.clear();
  active_.clear();
  histories_.clear();
}

std::uint32_t Rows::wake(std::uint32_t row) {
  const auto slot = static_cast<std::uint32_t>(active_.size());
  active_.push_back({row});
  histories_.resize(histories_.size() + lanes_);
  std::fill(histories_.end() - static_cast<std::ptrdiff_t>(lanes_), histories_.end(), History{});
  slot_[row] = slot;
  return slot;
}

void Rows::drop(std::uint32_t slot) {
  slot_[active_[slot].row] = none;
  const auto last = static_cast<std::uint32_t>(active_.size() - 1);
  if (slot != last) {
    active_[slot] = active_[last];
    slot_[active_[slot].row] = slot;
    std::copy_n(histories_.begin() + static_cast<std::ptrdiff_t>(last * lanes_), lanes_,
                histories_.begin() + static_cast<std::ptrdiff_t>(slot * lanes_));
  }
  active_.pop_back();
  histories_.resize(histories_.size() - lanes_);
}

void Rows::drop_idle() {
  for (std::uint32_t slot = 0; slot < active_.size();)
    if ((active_[slot].turns & ((1U << turns_kept) - 1)) == 0)
      drop(slot);
    else
      ++slot;
}

void Rows::settle() {
  active_.clear();
  histories_.clear();
  std::ranges::fill(slot_, none);
  if (std::ranges::is_sorted(ids_)) return;
  order_.resize(ids_.size());
  std::iota(order_.begin(), order_.end(), 0U);
  std::ranges::sort(order_, {}, [this](std::uint32_t row) { return ids_[row]; });
  ids_scratch_.clear();
  values_scratch_.clear();
  opaque_scratch_.clear();
  for (const std::uint32_t row : order_) {
    index_.put(ids_[row], static_cast<std::uint32_t>(ids_scratch_.size()));
    ids_scratch_.push_back(ids_[row]);
    const auto from = values_.begin() + static_cast<std::ptrdiff_t>(row * lanes_);
    values_scratch_.insert(values_scratch_.end(), from, from + static_cast<std::ptrdiff_t>(lanes_));
    if (lanes_ == 0) opaque_scratch_.push_back(std::move(opaque_[row]));
  }
  ids_.swap(ids_scratch_);
  values_.swap(values_scratch_);
  opaque_.swap(opaque_scratch_);
}

ComponentModel::ComponentModel(const Lanes& lanes)
    : flags(lanes.parts.size()),
      values(lanes.count()),
      fresh_flags(lanes.parts.size()),
      fresh_values(lanes.count()),
      fresh_histories(lanes.count()),
      fresh_last(lanes.count()) {}

void ComponentModel::forget() {
  bits = {};
  std::ranges::fill(flags, FlagModel{});
  std::ranges::fill(values, ValueModel{});
  std::ranges::fill(fresh_flags, FlagModel{});
  std::ranges::fill(fresh_values, ValueModel{});
  std::ranges::fill(fresh_histories, History{});
  std::ranges::fill(fresh_last, 0);
  last_opaque.clear();
}

Context::Context(std::vector<Lanes> components)
    : lanes_(std::move(components)), room_(std::make_unique<RoomModel>()), models_(lanes_.size()), used_(lanes_.size()) {
  rows_.reserve(lanes_.size());
  for (const Lanes& lanes : lanes_) rows_.emplace_back(lanes);
}

ComponentModel& Context::model(std::size_t component) {
  if (!models_[component])
    models_[component] = std::make_unique<ComponentModel>(lanes_[component]);
  else if (!used_[component])
    models_[component]->forget();
  used_[component] = true;
  return *models_[component];
}

void Context::remove(EntityId id) {
  for (Rows& rows : rows_)
    if (const std::uint32_t row = rows.find(id); row != Rows::none) rows.remove(row);
}

void Context::forget() {
  *room_ = RoomModel{};
  used_.assign(used_.size(), false);
  spawns_.fill(0);
}

void Context::settle() {
  forget();
  for (Rows& rows : rows_) rows.settle();
}

void Context::clear() {
  forget();
  for (Rows& rows : rows_) rows.clear();
}

std::uint32_t Context::hash() {
  std::uint32_t sum = 0;
  for (std::size_t c = 0; c < rows_.size(); ++c) {
    Rows& rows = rows_[c];
    for (std::uint32_t row = 0; row < rows.size(); ++row) {
      const EntityId id = rows.ids()[row];
      const std::span<const std::int32_t> values = rows.values(row);
      for (std::size_t lane = 0; lane < values.size(); ++lane) sum += mixed(id, c, lane, static_cast<std::uint32_t>(values[lane]));
      if (!values.empty()) continue;
      std::uint32_t bytes = 0x811C9DC5;
      for (const std::uint8_t byte : rows.opaque(row)) bytes = (bytes ^ byte) * 0x01000193U;
      sum += mixed(id, c, 0, bytes);
    }
  }
  return sum == 0 ? 1 : sum;
}

}  // namespace tickrelay::packed
