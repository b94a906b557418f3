#include "relay/core/packed.h"

#include "relay/core/check.h"
#include "relay/core/plant.h"

namespace tickrelay {
namespace {

std::vector<packed::Lanes> lanes_of(const Layout& layout) {
    std::vector<packed::Lanes> lanes;
    for (const Component& component : layout.components()) lanes.emplace_back(component.fields);
    return lanes;
}

}  // namespace

PackedStream::PackedStream(const Layout& layout) : stream_(lanes_of(layout)) { changes_.components.resize(stream_.size()); }

std::span<const std::uint8_t> PackedStream::encode(const World& world, const FrameInfo& info, packed::BitShares* shares) {
    bytes_.clear();
    if (info.kind == wire::FrameKind::Stream) {
        CHECK(at_ == info.base);
        if (info.has_state) {
            gather(world, info.base);
            writer_.stream(stream_, changes_, bytes_, shares);
        }
        if (info.key && !PLANTED(key_unsettled)) stream_.settle();
    } else {
        CHECK(!info.key || at_ == info.tick);
        if (info.has_state) {
            if (!empty_) empty_ = std::make_unique<packed::Context>(lanes_of(world.layout()));
            gather(world, info.base);
            writer_.absolute(*empty_, changes_, info.base == 0, bytes_, shares);
        }
        return bytes_;
    }
    at_ = info.tick;
    if (info.key) hash_ = stream_.hash();
    return bytes_;
}

void PackedStream::start(const World& world, Tick key) {
    if (at_ == key) return;
    gather(world, 0);
    writer_.start(stream_, changes_);
    at_ = key;
    hash_ = stream_.hash();
}

// delta(base); with base 0 everything.
void PackedStream::gather(const World& world, Tick base) {
    for (ComponentIndex i = 0; i < changes_.components.size(); ++i) gather_rows(world.rows(i), base, changes_.components[i]);
    changes_.removed.clear();
    changes_.lists_alive = base != 0 && base < world.tombstone_floor() && !PLANTED(floor);
    if (changes_.lists_alive) {
        changes_.removed.assign(world.entities().ids().begin(), world.entities().ids().end());
        return;
    }
    if (base == 0) return;
    const auto& tombstones = world.tombstones();
    for (auto it = tombstones.rbegin(); it != tombstones.rend() && it->died > base; ++it) changes_.removed.push_back(it->id);
}

void PackedStream::gather_rows(const Rows& rows, Tick base, std::vector<packed::ChangedRow>& to) {
    to.clear();
    const std::span<const Tick> newest = rows.newest();
    const bool opaque = rows.component().opaque();
    for (IdTable::Row row = 0; row < newest.size(); ++row) {
        if (newest[row] <= base) continue;
        const auto value = rows.value(row);
        const std::uint64_t mask = opaque ? 1 : base == 0 ? rows.component().all() : rows.changed(row, base);
        to.push_back({rows.ids()[row], mask, value.data(), static_cast<std::uint32_t>(value.size())});
    }
}

}  // namespace tickrelay
