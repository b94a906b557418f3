// What frames are made of: a room's world, or one chunk of it. Looks at both; whoever makes it keeps them alive.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "relay/core/world.h"

namespace tickrelay {

// An entity of a chunk, and since when it is there: who has less has nothing of it.
struct Member {
    EntityId id = 0;
    Tick entered = 0;
};

class Extent {
  public:
    Extent(const World& world) : world_(&world) {}  // NOLINT(google-explicit-constructor): all of it
    // `left`: who went away, in order. REQUIRES: no base below what it knows.
    Extent(const World& world, const std::vector<Member>& members, const std::deque<World::Tombstone>& left)
        : world_(&world), members_(&members), left_(&left) {}

    [[nodiscard]] const World& world() const { return *world_; }
    [[nodiscard]] const Rows& rows(ComponentIndex component) const { return world_->rows(component); }
    // No component has more rows here.
    [[nodiscard]] std::size_t rows_max(ComponentIndex component) const {
        return members_ == nullptr ? rows(component).size() : members_->size();
    }

    // take(row, mask of the fields that changed after base) for each row with one; of an opaque component the mask is 1.
    template <typename Take>
    void each_changed(ComponentIndex component, Tick base, Take take) const {
        const Rows& all = rows(component);
        const std::uint64_t whole = all.component().opaque() ? 1 : all.component().all();
        const std::span<const Tick> newest = all.newest();
        const auto visit = [&](IdTable::Row row, bool entire) {
            take(row, entire || all.component().opaque() ? whole : all.changed(row, base));
        };
        if (members_ == nullptr) {
            for (IdTable::Row row = 0; row < newest.size(); ++row)
                if (newest[row] > base) visit(row, base == 0);
            return;
        }
        for (const Member& member : *members_) {
            const IdTable::Row row = all.find(member.id);
            if (row != IdTable::none && (member.entered > base || newest[row] > base)) visit(row, member.entered > base);
        }
    }

    // Whether a frame from this base lists who is alive, because not every removal since is known.
    [[nodiscard]] bool lists_alive(Tick base) const;
    // Everyone there is, or who went after base: every one, not only of those born by then, since a taker's base may be above it.
    void add_gone(Tick base, bool alive, std::vector<EntityId>& to) const;

  private:
    const World* world_;
    const std::vector<Member>* members_ = nullptr;
    const std::deque<World::Tombstone>* left_ = nullptr;
};

}  // namespace tickrelay
