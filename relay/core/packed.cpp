#include "relay/core/packed.h"

#include "relay/core/check.h"
#include "relay/core/plant.h"

namespace tickrelay {
namespace {

constexpr std::size_t hash_bytes = 4;

std::vector<packed::Lanes> lanes_of(const Layout& layout) {
    std::vector<packed::Lanes> lanes;
    for (const Component& component : layout.components()) lanes.emplace_back(component.fields);
    return lanes;
}

}  // namespace

PackedStream::PackedStream(const Layout& layout) : stream_(lanes_of(layout)) { changes_.components.resize(stream_.size()); }

std::span<const std::uint8_t> PackedStream::encode(const Extent& extent, const FrameInfo& info, packed::BitShares* shares) {
    bytes_.assign(info.key ? hash_bytes : 0, 0);
    if (info.kind == wire::FrameKind::Stream) {
        CHECK(at_ == info.base);
        if (info.has_state) {
            gather(extent, info.base);
            writer_.stream(stream_, changes_, bytes_, shares);
        }
        if (info.key && !PLANTED(key_unsettled)) stream_.settle();
        at_ = info.tick;
        if (info.key) hash_ = stream_.hash();
    } else {
        CHECK(!info.key || at_ == info.tick);
        if (info.has_state) {
            if (!empty_) empty_ = std::make_unique<packed::Context>(lanes_of(extent.world().layout()));
            gather(extent, info.base);
            writer_.absolute(*empty_, changes_, info.base == 0, bytes_, shares);
        }
    }
    for (std::size_t i = 0; info.key && i < hash_bytes; ++i) bytes_[i] = static_cast<std::uint8_t>(hash_ >> (8 * i));
    return bytes_;
}

void PackedStream::start(const Extent& extent, Tick key) {
    if (at_ == key) return;
    gather(extent, 0);
    writer_.start(stream_, changes_);
    at_ = key;
    hash_ = stream_.hash();
}

// delta(base); with base 0 everything.
void PackedStream::gather(const Extent& extent, Tick base) {
    for (ComponentIndex i = 0; i < changes_.components.size(); ++i) gather_rows(extent, i, base);
    changes_.removed.clear();
    changes_.lists_alive = extent.lists_alive(base);
    extent.add_gone(base, changes_.lists_alive, changes_.removed);
}

void PackedStream::gather_rows(const Extent& extent, ComponentIndex component, Tick base) {
    std::vector<packed::ChangedRow>& to = changes_.components[component];
    to.clear();
    const Rows& rows = extent.rows(component);
    extent.each_changed(component, base, [&](IdTable::Row row, std::uint64_t mask) {
        const auto value = rows.value(row);
        to.push_back({rows.ids()[row], mask, value.data(), static_cast<std::uint32_t>(value.size())});
    });
}

}  // namespace tickrelay
