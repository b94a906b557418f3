// One component's values, entity by entity, each field with the tick at which it last changed.
// Owner: the worker of the room. Rows are dense; their order means nothing.
#pragma once

#include <span>
#include <vector>

#include "relay/core/layout.h"
#include "relay/core/tick.h"
#include "schema/state/id_table.h"

namespace tickrelay {

class Rows {
  public:
    explicit Rows(const Component& component) : component_(&component) {}

    [[nodiscard]] const Component& component() const { return *component_; }
    [[nodiscard]] std::size_t size() const { return ids_.size(); }
    [[nodiscard]] std::span<const EntityId> ids() const { return ids_; }
    [[nodiscard]] std::span<const Tick> newest() const { return newest_; }  // per row: its newest stamp
    [[nodiscard]] IdTable::Row find(EntityId id) const { return index_.find(id); }

    // A struct component's value in its FlatBuffers layout; an opaque one's bytes.
    [[nodiscard]] std::span<const std::byte> value(IdTable::Row row) const;
    // Which fields changed after base.
    [[nodiscard]] std::uint64_t changed(IdTable::Row row, Tick base) const;

    // REQUIRES: the id has no row. The component's zero, all stamped now.
    IdTable::Row add(EntityId id, Tick now);
    void remove(EntityId id);  // where it is

    // `packed`: the masked fields one behind the other. Stamps those that differ; returns their mask.
    // REQUIRES: struct component, packed.size() == component().packed_bytes(mask).
    std::uint64_t write(IdTable::Row row, std::uint64_t mask, std::span<const std::byte> packed, Tick now);
    // Returns whether it differed. REQUIRES: opaque component.
    bool replace(IdTable::Row row, std::span<const std::byte> bytes, Tick now);

    // Every stamp becomes `now` (a restored checkpoint knows no stamps).
    void stamp_all(Tick now);

  private:
    std::uint64_t write_whole(IdTable::Row row, std::span<const std::byte> packed, Tick now);

    const Component* component_;
    IdTable index_;
    std::vector<EntityId> ids_;
    std::vector<Tick> newest_;
    std::vector<Tick> stamps_;       // row × fields
    std::vector<std::byte> values_;  // row × bytes
    std::vector<std::vector<std::byte>> blobs_;
};

}  // namespace tickrelay
