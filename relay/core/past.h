// What a room's world was at ticks that have passed: for logics that judge an action by what its player saw (lag compensation).
// Owner: the room's worker, as the world's. Rooms that do not ask for it (setting `rewind_ms`) have none.
//
// The world tells every value that is about to change, once a tick; going back takes the last ticks' changes away again. Bounded by
// ticks and by limits::rewind_bytes_max: what is older is forgotten, and floor() says from where on it is known.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "relay/core/layout.h"
#include "relay/core/tick.h"

namespace tickrelay {

class World;

class Past {
  public:
    // REQUIRES: ticks > 0. Known from `now` on, the state of `now` included.
    Past(Tick ticks, Tick now) : ticks_(ticks), floor_(now) {}

    [[nodiscard]] Tick floor() const { return floor_; }  // the oldest tick to go back to

    // ---- from the world. `at`: the tick that the change will be of, never below the one before.
    void keep(Tick at, EntityId entity, ComponentIndex component, std::span<const std::byte> value) { add(at, entity, component, true, value); }
    void keep_absence(Tick at, EntityId entity, ComponentIndex component) { add(at, entity, component, false, {}); }
    // A new tick: the oldest goes.
    void advance(Tick now);
    void forget(Tick now);  // the world is another one

    struct Found {
        bool changed = false;  // since; else the value is what the world has now
        bool there = false;
        std::span<const std::byte> value{};
    };
    [[nodiscard]] Found find(Tick tick, EntityId entity, ComponentIndex component) const;
    // Entities that had the component at some tick since and may have it no more; in no order, an id perhaps twice.
    void add_changed(Tick tick, ComponentIndex component, std::vector<EntityId>& entities) const;

  private:
    struct Entry {
        EntityId entity;
        ComponentIndex component;
        bool there;
        std::uint32_t offset, bytes;
    };
    struct Slice {  // one tick's
        Tick tick = 0;
        mutable std::vector<Entry> entries;
        mutable std::size_t sorted = 0;  // so many, by component and entity, when somebody looked
        std::vector<std::byte> bytes;
        [[nodiscard]] std::size_t size() const { return bytes.size() + entries.size() * sizeof(Entry); }
    };
    void add(Tick at, EntityId entity, ComponentIndex component, bool there, std::span<const std::byte> value);
    void drop_oldest();
    static void sort(const Slice& slice);

    Tick ticks_;
    Tick floor_;
    std::deque<Slice> slices_;  // by tick
    std::vector<Slice> spare_;
    std::size_t bytes_ = 0;
};

// A room as it was: read only. Given by Room::rewind; holds until anything in the room changes.
class Rewound {
  public:
    // REQUIRES: past is null or knows the tick. Null: the present.
    Rewound(const World& world, const Past* past, Tick tick) : world_(&world), past_(past), tick_(tick) {}

    [[nodiscard]] Tick tick() const { return tick_; }
    // A struct value in its FlatBuffers layout or an opaque one's bytes; empty where the entity had none.
    [[nodiscard]] std::span<const std::byte> get(EntityId entity, ComponentIndex component) const;
    [[nodiscard]] bool has(EntityId entity) const { return !get(entity, owner_component).empty(); }
    // The struct that flatc generated. Null where the entity had none, or it is of another size.
    template <typename Struct>
    [[nodiscard]] const Struct* get(EntityId entity, ComponentIndex component) const {
        const auto value = get(entity, component);
        return value.size() == sizeof(Struct) ? reinterpret_cast<const Struct*>(value.data()) : nullptr;
    }
    // Who had the component, in the order of their ids.
    [[nodiscard]] std::vector<EntityId> with(ComponentIndex component) const;

  private:
    const World* world_;
    const Past* past_;
    Tick tick_;
};

}  // namespace tickrelay
