// A room's state: entities, their components, the stamp of each field, and the tombstones of what is gone.
// Owner: the worker of the room. Every entity has a row of owner_component; that row is the entity.
// Stamps only grow: `now` of any call is at least that of the call before.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "relay/core/layout.h"
#include "relay/core/past.h"
#include "relay/core/rows.h"

namespace tickrelay {

class World {
  public:
    explicit World(LayoutPointer layout);
    World(World&&) = default;
    World(const World&) = delete;  // rows point into the layout
    World& operator=(const World&) = delete;

    [[nodiscard]] const Layout& layout() const { return *layout_; }
    [[nodiscard]] std::size_t size() const { return entities().size(); }
    [[nodiscard]] bool has(EntityId id) const { return entities().find(id) != IdTable::none; }
    [[nodiscard]] bool has(EntityId id, ComponentIndex component) const { return rows_[component].find(id) != IdTable::none; }
    [[nodiscard]] PlayerNumber owner(EntityId id) const;  // 0 where there is no such entity
    [[nodiscard]] const Rows& entities() const { return rows_[owner_component]; }
    [[nodiscard]] const Rows& rows(ComponentIndex component) const { return rows_[component]; }
    // A struct value in its FlatBuffers layout or an opaque one's bytes; empty where the entity has none.
    [[nodiscard]] std::span<const std::byte> get(EntityId id, ComponentIndex component) const;

    void create(EntityId id, PlayerNumber owner, Tick now);  // REQUIRES: !has(id)
    void remove(EntityId id, Tick now);                      // REQUIRES: has(id)
    void set_owner(EntityId id, PlayerNumber owner, Tick now);

    // Adds the component where the entity lacks it (other fields as in its zero). Returns which fields differed.
    // REQUIRES: has(id), struct component, packed.size() == packed_bytes(mask).
    std::uint64_t write(EntityId id, ComponentIndex component, std::uint64_t mask, std::span<const std::byte> packed, Tick now);
    void replace(EntityId id, ComponentIndex component, std::span<const std::byte> bytes, Tick now);  // opaque

    // The newest stamp or removal: nothing changed after it.
    [[nodiscard]] Tick newest() const { return newest_; }

    struct Tombstone {
        EntityId id;
        Tick died;
    };
    [[nodiscard]] const std::deque<Tombstone>& tombstones() const { return tombstones_; }
    // Bases below this may lack a removal: their frames list who is alive.
    [[nodiscard]] Tick tombstone_floor() const { return tombstone_floor_; }
    void set_tombstones_max(std::size_t count) { tombstones_max_ = count; }  // below limits::tombstones_max, for the simulator

    // From now on; not before any change of the tick `now`. Null where nobody asked.
    void remember(Tick ticks, Tick now) { past_ = std::make_unique<Past>(ticks, now); }
    [[nodiscard]] Past* past() const { return past_.get(); }

    // Of a mirror: what is gone may come back under its id.
    void let_ids_return() { ids_return_ = true; }
    [[nodiscard]] bool ids_return() const { return ids_return_; }

    // After a restore: all stamps become `now`, no tombstone is known.
    void forget_history(Tick now);

  private:
    void keep(const Rows& rows, IdTable::Row row, ComponentIndex component, Tick now);

    LayoutPointer layout_;
    std::vector<Rows> rows_;
    std::deque<Tombstone> tombstones_;
    std::size_t tombstones_max_;
    Tick tombstone_floor_ = 0;
    Tick newest_ = 0;
    bool ids_return_ = false;
    std::unique_ptr<Past> past_;
};

}  // namespace tickrelay
