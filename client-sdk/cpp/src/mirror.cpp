#include "mirror.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace tickrelay {
inline namespace sdk {

void Mirror::reset(LayoutPointer layout) {
  layout_ = std::move(layout);
  tables_.clear();
  for (std::size_t i = 0; i < layout_->size(); ++i) {
    tables_.emplace_back(layout_->component(static_cast<ComponentIndex>(i)).bytes);
  }
  entities_.clear();
  ids_.clear();
  held_.clear();
  watched_.reset();
  changes_.clear();
  resolved_.clear();
  in_whole_ = false;
  chunk_.reset();
  members_.clear();
}

// ------------------------------------------------------------------------------------------------------------ frames

void Mirror::begin_whole() {
  if (chunk_) return members_.leave_all(*chunk_);
  in_whole_ = true;
  ++whole_;
}

void Mirror::end_whole() {
  if (chunk_) return;
  in_whole_ = false;
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    const auto component = static_cast<ComponentIndex>(i);
    Table& table = tables_[i];
    for (std::uint32_t row = static_cast<std::uint32_t>(table.ids().size()); row-- > 0;) {
      const EntityId entity = table.ids()[row];
      if (table.whole(row) == whole_) continue;
      // Own values that the relay has never shown are still on their way to it.
      const HeldValue* held = held_.find(component, entity);
      if (held == nullptr || held->known) erase_value(component, entity);
    }
  }
}

void Mirror::end_parts() {
  chunk_.reset();
  for (const EntityId entity : members_.take_gone()) drop_entity(entity);
}

void Mirror::keep_only(std::span<const EntityId> alive) {
  if (chunk_) {
    members_.leave_all(*chunk_);
    for (const EntityId entity : alive) members_.put(*chunk_, entity);
    return;
  }
  const std::unordered_set<EntityId> kept(alive.begin(), alive.end());
  std::vector<EntityId> gone;
  for (const EntityId entity : ids_) {
    if (kept.contains(entity)) continue;
    const HeldValue* held = held_.find(owner_component, entity);
    if (held == nullptr || held->known) gone.push_back(entity);
  }
  for (const EntityId entity : gone) drop_entity(entity);
}

void Mirror::remove(EntityId entity) { chunk_ ? members_.leave(*chunk_, entity) : drop_entity(entity); }

bool Mirror::put(ComponentIndex index, EntityId entity, std::uint64_t mask, const std::uint8_t* values) {
  if (chunk_) members_.put(*chunk_, entity);
  const Component& component = layout_->component(index);
  Table& table = tables_[index];
  HeldValue* held = held_.find(index, entity);
  std::uint32_t row = table.find(entity);
  const bool appears = row == Table::none;
  if (appears) {
    if (!enlist(entity, index)) return false;
    row = table.insert(entity);
  }
  const std::uint64_t own = held ? held->mask : 0;
  std::uint64_t changed = 0;
  if (in_whole_ && table.whole(row) != whole_) {
    table.whole(row) = whole_;
    const std::vector<std::uint8_t> zeros(appears ? 0 : component.bytes);
    if (!appears) changed |= copy_fields(component, ~mask & component.all(), ~mask & ~own, zeros.data(), table.at(row));
    if (held) std::fill(held->truth.begin(), held->truth.end(), std::uint8_t{0});
  }
  if (held) {
    held->known = true;
    copy_fields(component, mask, mask, values, held->truth.data());
  }
  changed |= copy_fields(component, mask, mask & ~own, values, table.at(row));
  if (appears) {
    note(Change::Kind::added, index, entity, component.all());
  } else if (changed != 0) {
    note(Change::Kind::changed, index, entity, changed);
  }
  return true;
}

bool Mirror::put_opaque(ComponentIndex index, EntityId entity, Bytes value) {
  if (chunk_) members_.put(*chunk_, entity);
  Table& table = tables_[index];
  std::uint32_t row = table.find(entity);
  const bool appears = row == Table::none;
  if (appears) {
    if (!enlist(entity, index)) return false;
    row = table.insert(entity);
  }
  if (in_whole_) table.whole(row) = whole_;
  if (HeldValue* held = held_.find(index, entity)) {
    held->known = true;
    held->truth.assign(value.begin(), value.end());
    return true;
  }
  const Bytes before = table.value(row);
  const bool same = !appears && std::equal(before.begin(), before.end(), value.begin(), value.end());
  if (same) return true;
  table.replace(row, value);
  note(appears ? Change::Kind::added : Change::Kind::changed, index, entity, 1);
  return true;
}

// Walks the packed values of `mask` and stores those in `shown`. Which of these were different before.
std::uint64_t Mirror::copy_fields(const Component& component, std::uint64_t mask, std::uint64_t shown,
                                  const std::uint8_t* values, std::uint8_t* to) {
  std::uint64_t changed = 0;
  for (std::size_t i = 0; i < component.fields.size(); ++i) {
    if ((mask >> i & 1) == 0) continue;
    const Field& field = component.fields[i];
    if ((shown >> i & 1) != 0 && std::memcmp(to + field.offset, values, field.width()) != 0) {
      std::memcpy(to + field.offset, values, field.width());
      changed |= std::uint64_t{1} << i;
    }
    values += field.width();
  }
  return changed;
}

bool Mirror::enlist(EntityId entity, ComponentIndex component) {
  const auto [found, fresh] = entities_.try_emplace(entity);
  if (fresh) {
    if (entities_.size() > limits::entities_max) {
      entities_.erase(found);
      return false;
    }
    found->second.place = static_cast<std::uint32_t>(ids_.size());
    ids_.push_back(entity);
  }
  found->second.components.set(component);
  return true;
}

// The entity goes with its last component.
void Mirror::erase_value(ComponentIndex component, EntityId entity) {
  Table& table = tables_[component];
  const std::uint32_t row = table.find(entity);
  if (row == Table::none) return;
  note(Change::Kind::removed, component, entity, layout_->component(component).all());
  table.erase(row);
  held_.erase(component, entity);
  const auto found = entities_.find(entity);
  found->second.components.reset(component);
  if (found->second.components.any()) return;
  const std::uint32_t place = found->second.place;
  entities_.erase(found);
  if (place + 1 != ids_.size()) {
    ids_[place] = ids_.back();
    entities_[ids_[place]].place = place;
  }
  ids_.pop_back();
}

void Mirror::drop_entity(EntityId entity) {
  const auto found = entities_.find(entity);
  if (found == entities_.end()) return;
  const std::bitset<128> components = found->second.components;
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    if (components[i]) erase_value(static_cast<ComponentIndex>(i), entity);
  }
}

void Mirror::note(Change::Kind kind, ComponentIndex component, EntityId entity, std::uint64_t fields) {
  if (!watched_[component]) return;
  MirrorChange& change = changes_.emplace_back(MirrorChange{kind, component, entity, fields, {}});
  if (kind != Change::Kind::removed) return;
  const Bytes last = value(component, entity);
  change.last.assign(last.begin(), last.end());
}

// --------------------------------------------------------------------------------------------------------- own writes

HeldValue& Mirror::hold(ComponentIndex component, EntityId entity, bool known) {
  HeldValue& held = held_[Held::key(component, entity)];
  if (!held.seq.empty()) return held;
  held.seq.resize(layout_->component(component).field_count());
  held.known = known;
  const Bytes truth = value(component, entity);
  held.truth.assign(truth.begin(), truth.end());
  if (!known) std::fill(held.truth.begin(), held.truth.end(), std::uint8_t{0});
  return held;
}

bool Mirror::write_own(ComponentIndex index, EntityId entity, std::uint64_t mask, Bytes value, std::uint32_t seq) {
  const Component& component = layout_->component(index);
  Table& table = tables_[index];
  std::uint32_t row = table.find(entity);
  const bool appears = row == Table::none;
  if (appears) {
    if (!enlist(entity, index)) return false;
    row = table.insert(entity);
    std::ranges::copy(component.zero, table.at(row));
  }
  HeldValue& held = hold(index, entity, !appears);
  held.mask |= mask;
  for (std::size_t i = 0; i < held.seq.size(); ++i) {
    if (mask >> i & 1) held.seq[i] = seq;
  }
  if (component.opaque()) {
    table.replace(row, value);
  } else {
    for (std::size_t i = 0; i < component.fields.size(); ++i) {
      const Field& field = component.fields[i];
      if (mask >> i & 1) std::memcpy(table.at(row) + field.offset, value.data() + field.offset, field.width());
    }
  }
  note(appears ? Change::Kind::added : Change::Kind::changed, index, entity, appears ? component.all() : mask);
  return true;
}

void Mirror::release(std::uint32_t applied_seq) {
  std::vector<Held::Key> done;
  for (auto& [key, held] : held_.values()) {
    if (release_value(Held::component_of(key), Held::entity_of(key), held, applied_seq)) done.push_back(key);
  }
  for (const Held::Key key : done) {
    const ComponentIndex component = Held::component_of(key);
    const EntityId entity = Held::entity_of(key);
    const HeldValue* held = held_.find(component, entity);
    // Applied and yet not in the relay's state: it was refused.
    if (held && !held->known) erase_value(component, entity);
    held_.erase(component, entity);
  }
}

// True: no field is held any more.
bool Mirror::release_value(ComponentIndex index, EntityId entity, HeldValue& held, std::uint32_t applied_seq) {
  std::uint64_t freed = 0;
  for (std::size_t i = 0; i < held.seq.size(); ++i) {
    if ((held.mask >> i & 1) != 0 && held.seq[i] <= applied_seq) freed |= std::uint64_t{1} << i;
  }
  held.mask &= ~freed;
  Table& table = tables_[index];
  const std::uint32_t row = table.find(entity);
  if (freed == 0 || !held.known || row == Table::none) return held.mask == 0;
  const Component& component = layout_->component(index);
  std::uint64_t changed = 0;
  if (component.opaque()) {
    const Bytes shown = table.value(row);
    changed = std::equal(shown.begin(), shown.end(), held.truth.begin(), held.truth.end()) ? 0 : 1;
    table.replace(row, held.truth);
  }
  for (std::size_t i = 0; i < component.fields.size(); ++i) {
    const Field& field = component.fields[i];
    std::uint8_t* shown = table.at(row) + field.offset;
    const std::uint8_t* truth = held.truth.data() + field.offset;
    if ((freed >> i & 1) == 0 || std::memcmp(shown, truth, field.width()) == 0) continue;
    std::memcpy(shown, truth, field.width());
    changed |= std::uint64_t{1} << i;
  }
  if (changed != 0) note(Change::Kind::changed, index, entity, changed);
  return held.mask == 0;
}

// ------------------------------------------------------------------------------------------------------------ reading

Bytes Mirror::value(ComponentIndex component, EntityId entity) const {
  if (component >= tables_.size()) return {};
  const std::uint32_t row = tables_[component].find(entity);
  return row == Table::none ? Bytes{} : tables_[component].value(row);
}

std::span<const EntityId> Mirror::with(ComponentIndex component) const {
  return component < tables_.size() ? tables_[component].ids() : std::span<const EntityId>{};
}

int Mirror::resolve(const TypeKey& type) const {
  if (!layout_) return -1;
  if (type.number >= resolved_.size()) resolved_.resize(type.number + 1, -2);
  int& index = resolved_[type.number];
  if (index != -2) return index;
  index = layout_->find(type.name);
  if (index < 0) return index;
  const std::size_t bytes = layout_->component(static_cast<ComponentIndex>(index)).bytes;
  if ((bytes == 0) == (type.bytes == 0) && type.bytes <= bytes) return index;
  index = -1;
  faults_.push_back("component '" + std::string(type.name) + "' has " + std::to_string(bytes) +
                    " bytes in the room's schema and " + std::to_string(type.bytes) +
                    " in this program (0: a table): generate it from the schema that the room runs");
  return index;
}

}  // namespace sdk
}  // namespace tickrelay
