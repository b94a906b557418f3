// A room with views, in chunks: entities of one cell of the grid that the same players see, with a stream, catch-ups and tombstones
// of their own. A chunk is encoded once a tick for all who see it; a player's frame is put together from parts.
// Owner: the worker of the room.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "relay/core/visibility.h"
#include "relay/core/encode.h"
#include "relay/core/extent.h"
#include "relay/core/frames.h"
#include "relay/core/grid.h"
#include "relay/core/packed.h"

namespace tickrelay {

// What the entities of a chunk have in common.
struct ChunkKey {
    SeenBy by = SeenBy::everyone;
    std::uint32_t who = 0;      // player, team, or number of a list
    std::uint8_t priority = 1;  // the highest of an entity's components: kinds compete apart
    bool located = false;
    Cell cell{};
    friend auto operator<=>(const ChunkKey&, const ChunkKey&) = default;
};

// Head and bytes of one of a chunk's frames, as they stand in a player's.
struct Part {
    FrameInfo info;
    std::size_t first = 0;  // in Chunk::bytes
    std::size_t count = 0;
};

struct Chunk {
    ChunkKey key;
    std::vector<Member> members;
    std::deque<World::Tombstone> left;
    Tick left_floor = 0;  // below it a base is 0
    Tick newest = 0;      // the last change in it
    Frames frames;
    std::unique_ptr<PackedStream> stream;  // made for its first viewer; null in codec plain

    // Of this tick.
    std::vector<Want> wants;        // bases of those who cannot take the stream
    std::uint32_t takers = 0;       // of the stream
    std::vector<Part> parts;
    std::vector<std::uint8_t> bytes;
    std::uint64_t mark = 0;         // of the player that is being looked at
    Tick viewed = 0;                // when anyone last saw it

    [[nodiscard]] Extent extent(const World& world) const { return {world, members, left}; }
};

using ChunkNumber = std::uint32_t;

class Chunks {
  public:
    using TeamOf = std::function<std::uint32_t(PlayerNumber)>;

    Chunks(const Layout& layout, Grid grid, bool packed, Tick key_most, Tick key_least);

    // Brings the chunks to where the world is. REQUIRES: now grows; before anything is asked of this tick.
    void update(const World& world, Visibilities& visibilities, const TeamOf& team_of, Tick now);
    // Teams have changed: every entity is looked at again.
    void look_again() { at_ = 0; }

    [[nodiscard]] std::size_t size() const { return chunks_.size(); }
    // Null: no longer there.
    [[nodiscard]] Chunk* find(ChunkNumber number) const { return chunks_[number].get(); }
    [[nodiscard]] bool may_see(const ChunkKey& key, PlayerNumber player, std::uint32_t team) const;
    // Boxes around a player's own entities, one a cell. Valid until the next call.
    [[nodiscard]] std::span<const Box> owned(PlayerNumber player) const;
    // take(number) for the chunk of each of its entities.
    template <typename Take>
    void each_owned(PlayerNumber player, Take take) const {
        for (auto it = std::ranges::lower_bound(owned_, player, {}, &Owned::player); it != owned_.end() && it->player == player; ++it)
            take(places_[it->place].chunk);
    }
    // Chunks that are nowhere, and take(number, distance) for those with a cell as near as a player can see from these.
    [[nodiscard]] std::span<const ChunkNumber> unlocated() const { return unlocated_; }
    template <typename Take>
    void each_near(std::span<const Box> from, Take take) const;
    [[nodiscard]] const Grid& grid() const { return grid_; }
    [[nodiscard]] std::optional<ChunkNumber> chunk_of(EntityId id) const;  // nothing: it is new since the last update

    // This tick's parts for takers and wants. `count`, where it is to be told.
    void encode(ChunkNumber number, const World& world, Encoder& encoder, Tick now, FrameBytes* count);
    // What nobody has in view any more and nobody is in; and the streams of those that nobody has looked at for a while.
    // `in_view`: by chunk, 1 where some player's copy has it.
    void sweep(std::span<const char> in_view, Tick now, Tick patience);

  private:
    struct Place {
        EntityId id = 0;
        PlayerNumber owner = 0;
        ChunkNumber chunk = 0;
        std::uint32_t member = 0;
        bool located = false;
        Point at{};
    };

    void look_at(const World& world, const Visibilities& visibilities, const TeamOf& team_of, EntityId id, Tick now);
    [[nodiscard]] ChunkKey key_for(const World& world, const Visibility* visibility, const TeamOf& team_of, const Place& place, bool fresh);
    [[nodiscard]] std::uint8_t priority_of(const World& world, EntityId id) const;
    std::uint32_t list_number(const std::vector<PlayerNumber>& players, PlayerNumber owner);
    ChunkNumber chunk_for(const ChunkKey& key);
    void enter(Place& place, ChunkNumber chunk, Tick now);
    void leave(const Place& place, Tick now);
    void forget(EntityId id, Tick now);
    void gather_owned();

    const Layout* layout_;
    Positions positions_;
    std::vector<bool> watched_;  // by component: what its changes may move an entity
    std::vector<bool> has_priority_;
    Grid grid_;
    bool packed_;
    Tick key_most_, key_least_;
    Tick at_ = 0;

    IdTable places_at_;
    std::vector<Place> places_;
    std::vector<std::unique_ptr<Chunk>> chunks_;  // by number
    std::vector<ChunkNumber> free_;
    std::map<ChunkKey, ChunkNumber> by_key_;
    std::map<Cell, std::vector<ChunkNumber>> by_cell_;
    std::vector<ChunkNumber> unlocated_;
    std::vector<std::optional<std::vector<PlayerNumber>>> lists_;
    struct Owned {
        PlayerNumber player;
        std::uint32_t place;
    };
    std::vector<Owned> owned_;  // by player
    mutable std::vector<Box> boxes_;
    mutable std::vector<Cell> box_cells_;
    std::vector<EntityId> dirty_;
    EventLog no_events_{0, 0};
};

// From the cells around, or from all there are where these are fewer.
template <typename Take>
void Chunks::each_near(std::span<const Box> from, Take take) const {
    const auto distance = [&](const Cell& cell) {
        double least = grid_.distance(cell, from.front());
        for (const Box& box : from.subspan(1)) least = std::min(least, grid_.distance(cell, box));
        return least;
    };
    const std::int64_t across = 2 * std::int64_t{grid_.reach()} + 2;
    if (from.size() != 1 || !grid_.bounds() || across * across >= static_cast<std::int64_t>(by_cell_.size())) {
        for (const auto& [cell, numbers] : by_cell_)
            for (const ChunkNumber number : numbers) take(number, from.empty() ? 0 : distance(cell));
        return;
    }
    const Cell low = grid_.cell_of(from.front().low), high = grid_.cell_of(from.front().high);
    const std::int32_t reach = grid_.reach();
    Cell cell;
    for (cell[0] = low[0] - reach; cell[0] <= high[0] + reach; ++cell[0])
        for (cell[1] = low[1] - reach; cell[1] <= high[1] + reach; ++cell[1])
            // In order by the last axis: one search finds its run of cells.
            for (auto it = by_cell_.lower_bound({cell[0], cell[1], low[2] - reach});
                 it != by_cell_.end() && it->first <= Cell{cell[0], cell[1], high[2] + reach}; ++it)
                for (const ChunkNumber number : it->second) take(number, distance(it->first));
}

}  // namespace tickrelay
