#include "relay/core/world.h"
#include "relay/core/check.h"

#include <algorithm>
#include <cstring>

#include "relay/core/limits.h"
#include "relay/core/plant.h"

namespace tickrelay {

World::World(LayoutPointer layout) : layout_(std::move(layout)), tombstones_max_(limits::tombstones_max) {
    rows_.reserve(layout_->components().size());
    for (const Component& component : layout_->components()) rows_.emplace_back(component);
}

PlayerNumber World::owner(EntityId id) const {
    const auto value = get(id, owner_component);
    PlayerNumber owner = 0;
    if (!value.empty()) std::memcpy(&owner, value.data(), sizeof owner);
    return owner;
}

std::span<const std::byte> World::get(EntityId id, ComponentIndex component) const {
    const IdTable::Row row = rows_[component].find(id);
    if (row == IdTable::none) return {};
    return rows_[component].value(row);
}

// Before a change. What was changed in this tick already was kept then.
void World::keep(const Rows& rows, IdTable::Row row, ComponentIndex component, Tick now) {
    if (past_ && rows.newest()[row] < now) past_->keep(now, rows.ids()[row], component, rows.value(row));
}

void World::create(EntityId id, PlayerNumber owner, Tick now) {
    PLANT((births[{this, id}] = now);)
    if (past_) past_->keep_absence(now, id, owner_component);
    const IdTable::Row row = rows_[owner_component].add(id, now);
    rows_[owner_component].write(row, 1, std::as_bytes(std::span(&owner, 1)), now);
    newest_ = std::max(newest_, now);
}

void World::remove(EntityId id, Tick now) {
    CHECK(has(id));
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (const IdTable::Row row = rows_[i].find(id); row != IdTable::none) keep(rows_[i], row, static_cast<ComponentIndex>(i), now);
        rows_[i].remove(id);
    }
    tombstones_.push_back({id, now});
    if (tombstones_.size() > tombstones_max_) {
        tombstone_floor_ = std::max(tombstone_floor_, tombstones_.front().died);
        tombstones_.pop_front();
    }
    newest_ = std::max(newest_, now);
}

void World::set_owner(EntityId id, PlayerNumber owner, Tick now) {
    write(id, owner_component, 1, std::as_bytes(std::span(&owner, 1)), now);
}

std::uint64_t World::write(EntityId id, ComponentIndex component, std::uint64_t mask, std::span<const std::byte> packed,
                           Tick now) {
    Rows& rows = rows_[component];
    IdTable::Row row = rows.find(id);
    std::uint64_t changed = 0;
    if (row == IdTable::none) {
        CHECK(has(id));
        if (past_) past_->keep_absence(now, id, component);
        row = rows.add(id, now);
        changed = rows.component().all();
    } else {
        keep(rows, row, component, now);
    }
    changed |= rows.write(row, mask, packed, now);
    if (changed != 0) newest_ = std::max(newest_, now);
    return changed;
}

void World::replace(EntityId id, ComponentIndex component, std::span<const std::byte> bytes, Tick now) {
    Rows& rows = rows_[component];
    IdTable::Row row = rows.find(id);
    const bool added = row == IdTable::none;
    if (added) {
        CHECK(has(id));
        if (past_) past_->keep_absence(now, id, component);
        row = rows.add(id, now);
    } else {
        keep(rows, row, component, now);
    }
    if (rows.replace(row, bytes, now) || added) newest_ = std::max(newest_, now);
}

void World::forget_history(Tick now) {
    for (Rows& rows : rows_) rows.stamp_all(now);
    if (past_) past_->forget(now);
    tombstones_.clear();
    tombstone_floor_ = now;
    newest_ = now;
}

}  // namespace tickrelay
