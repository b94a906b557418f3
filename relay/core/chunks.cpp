#include "relay/core/chunks.h"

#include <algorithm>

#include "relay/core/check.h"
#include "relay/core/plant.h"

namespace tickrelay {

namespace {

constexpr std::size_t left_max = 256;  // per chunk; who has a base below takes the whole chunk

}  // namespace

Chunks::Chunks(const Layout& layout, Grid grid, bool packed, Tick key_most, Tick key_least)
    : layout_(&layout), positions_(layout), watched_(layout.components().size()), has_priority_(layout.components().size()), grid_(grid),
      packed_(packed), key_most_(key_most), key_least_(key_least) {
    watched_[owner_component] = true;
    if (grid_.divides())
        for (const ComponentIndex component : positions_.components()) watched_[component] = true;
    for (std::size_t i = 0; i < has_priority_.size(); ++i) has_priority_[i] = layout.component(static_cast<ComponentIndex>(i)).priority > 1;
}

void Chunks::update(const World& world, Visibilities& visibilities, const TeamOf& team_of, Tick now) {
    visibilities.take_changed(dirty_);
    if (world.tombstone_floor() > at_ || at_ == 0) {
        for (std::size_t i = places_.size(); i-- > 0;)
            if (!world.has(places_[i].id)) forget(places_[i].id, now);
    } else {
        for (auto it = world.tombstones().rbegin(); it != world.tombstones().rend() && it->died > at_; ++it) forget(it->id, now);
    }
    for (ComponentIndex component = 0; component < watched_.size(); ++component) {
        const Rows& rows = world.rows(component);
        const std::span<const Tick> newest = rows.newest();
        // A component that an entity has only now may raise its priority, or put it somewhere.
        const bool matters = watched_[component] || has_priority_[component];
        for (IdTable::Row row = 0; row < newest.size(); ++row) {
            if (newest[row] <= at_) continue;
            const EntityId id = rows.ids()[row];
            const IdTable::Row place = places_at_.find(id);
            if (place != IdTable::none) chunks_[places_[place].chunk]->newest = now;
            if (matters || place == IdTable::none) dirty_.push_back(id);
        }
    }
    for (const EntityId id : dirty_) look_at(world, visibilities, team_of, id, now);
    at_ = now;
    gather_owned();
}

// Where an entity is by now.
void Chunks::look_at(const World& world, const Visibilities& visibilities, const TeamOf& team_of, EntityId id, Tick now) {
    if (!world.has(id)) return;
    IdTable::Row row = places_at_.find(id);
    const bool fresh = row == IdTable::none;
    if (fresh) {
        row = static_cast<IdTable::Row>(places_.size());
        places_at_.put(id, row);
        places_.push_back({.id = id});
    }
    Place& place = places_[row];
    const bool was_located = place.located;
    place.owner = world.owner(id);
    // Everyone sees the room and who is in it.
    const bool common = id == 0 || world.has(id, player_component);
    place.located = !common && grid_.divides() && positions_.find(world, id, place.at);
    const Visibility* visibility = common ? nullptr : visibilities.of(id);
    const ChunkNumber chunk = chunk_for(key_for(world, visibility, team_of, place, fresh || !was_located));
    if (!fresh && chunk == place.chunk) return;
    if (!fresh) leave(place, now);
    enter(place, chunk, now);
}

ChunkKey Chunks::key_for(const World& world, const Visibility* visibility, const TeamOf& team_of, const Place& place, bool fresh) {
    ChunkKey key{.priority = priority_of(world, place.id), .located = place.located};
    if (place.located) {
        const bool stays = !fresh && grid_.still_in(chunks_[place.chunk]->key.cell, place.at);
        key.cell = stays ? chunks_[place.chunk]->key.cell : grid_.cell_of(place.at);
    }
    if (visibility == nullptr) return key;
    key.by = visibility->by;
    const std::uint32_t team = visibility->by == SeenBy::team ? team_of(place.owner) : 0;
    switch (visibility->by) {
        case SeenBy::everyone: break;
        case SeenBy::owner: key.who = place.owner; break;
        case SeenBy::team:
            if (team == 0) key.by = SeenBy::owner;
            key.who = team == 0 ? place.owner : team;
            break;
        case SeenBy::players: key.who = list_number(visibility->players, place.owner); break;
    }
    return key;
}

std::uint8_t Chunks::priority_of(const World& world, EntityId id) const {
    std::uint8_t highest = 1;
    for (ComponentIndex i = first_schema_component; i < has_priority_.size(); ++i)
        if (has_priority_[i] && world.has(id, i)) highest = std::max(highest, layout_->component(i).priority);
    return highest;
}

// Entities with the same list share chunks. A number is used again when its last chunk is gone.
std::uint32_t Chunks::list_number(const std::vector<PlayerNumber>& players, PlayerNumber owner) {
    std::vector<PlayerNumber> all = players;
    if (owner != 0 && !std::ranges::binary_search(all, owner)) all.insert(std::ranges::lower_bound(all, owner), owner);
    auto it = std::ranges::find_if(lists_, [&](const auto& list) { return list && *list == all; });
    if (it == lists_.end()) {
        it = std::ranges::find_if(lists_, [](const auto& list) { return !list; });
        if (it == lists_.end()) it = lists_.emplace(lists_.end());
        *it = std::move(all);
    }
    return static_cast<std::uint32_t>(it - lists_.begin());
}

bool Chunks::may_see(const ChunkKey& key, PlayerNumber player, std::uint32_t team) const {
    switch (key.by) {
        case SeenBy::everyone: return true;
        case SeenBy::owner: return key.who == player;
        case SeenBy::team: return key.who == team;
        case SeenBy::players: return std::ranges::binary_search(*lists_[key.who], player);
    }
    return false;
}

ChunkNumber Chunks::chunk_for(const ChunkKey& key) {
    const auto [it, fresh] = by_key_.try_emplace(key, 0);
    if (!fresh) return it->second;
    if (free_.empty()) {
        free_.push_back(static_cast<ChunkNumber>(chunks_.size()));
        chunks_.emplace_back();
    }
    const ChunkNumber number = free_.back();
    free_.pop_back();
    chunks_[number] = std::make_unique<Chunk>();
    chunks_[number]->key = key;
    if (packed_) chunks_[number]->frames.use_stream(key_most_, key_least_);
    (key.located ? by_cell_[key.cell] : unlocated_).push_back(number);
    return it->second = number;
}

void Chunks::enter(Place& place, ChunkNumber chunk, Tick now) {
    Chunk& to = *chunks_[chunk];
    place.chunk = chunk;
    place.member = static_cast<std::uint32_t>(to.members.size());
    to.members.push_back({place.id, now});
    to.newest = now;
}

void Chunks::leave(const Place& place, Tick now) {
    Chunk& from = *chunks_[place.chunk];
    from.newest = now;
    from.left.push_back({place.id, now});
    if (from.left.size() > left_max) {
        from.left_floor = from.left.front().died;
        from.left.pop_front();
    }
    const Member& last = from.members.back();
    places_[places_at_.find(last.id)].member = place.member;
    from.members[place.member] = last;
    from.members.pop_back();
}

void Chunks::forget(EntityId id, Tick now) {
    const IdTable::Row row = places_at_.find(id);
    if (row == IdTable::none) return;
    leave(places_[row], now);
    places_[row] = places_.back();
    places_at_.put(places_[row].id, row);
    places_at_.erase(id);
    places_.pop_back();
}

std::optional<ChunkNumber> Chunks::chunk_of(EntityId id) const {
    const IdTable::Row row = places_at_.find(id);
    if (row == IdTable::none) return std::nullopt;
    return places_[row].chunk;
}

// ---------------------------------------------------------------------------------------------- where players stand

void Chunks::gather_owned() {
    owned_.clear();
    for (std::uint32_t i = 0; i < places_.size(); ++i)
        if (places_[i].owner != 0) owned_.push_back({places_[i].owner, i});
    std::ranges::sort(owned_, {}, &Owned::player);
}

std::span<const Box> Chunks::owned(PlayerNumber player) const {
    boxes_.clear();
    box_cells_.clear();
    for (auto it = std::ranges::lower_bound(owned_, player, {}, &Owned::player); it != owned_.end() && it->player == player; ++it) {
        const Place& place = places_[it->place];
        if (!place.located) continue;
        const Cell cell = grid_.cell_of(place.at);
        const auto same = std::ranges::find(box_cells_, cell);
        if (same != box_cells_.end()) {
            boxes_[static_cast<std::size_t>(same - box_cells_.begin())].add(place.at);
            continue;
        }
        box_cells_.push_back(cell);
        boxes_.push_back(Box::of(place.at));
    }
    return boxes_;
}

}  // namespace tickrelay
