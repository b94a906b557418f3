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

void gather_rows(const Extent& extent, ComponentIndex component, Tick base, std::vector<packed::ChangedRow>& to) {
    to.clear();
    const Rows& rows = extent.rows(component);
    extent.each_changed(component, base, [&](IdTable::Row row, std::uint64_t mask) {
        const auto value = rows.value(row);
        to.push_back({rows.ids()[row], mask, value.data(), static_cast<std::uint32_t>(value.size())});
    });
}

}  // namespace

packed::Context& PackedWork::empty(const Layout& layout) {
    for (const Empty& each : empties_)
        if (each.layout == layout.fingerprint()) return *each.context;
    Empty made{layout.fingerprint(), std::make_unique<packed::Context>(lanes_of(layout))};
    if (empties_.size() < empties_max) return *empties_.emplace_back(std::move(made)).context;
    oldest_ = (oldest_ + 1) % empties_max;
    empties_[oldest_] = std::move(made);
    return *empties_[oldest_].context;
}

PackedStream::PackedStream(const Layout& layout) : stream_(lanes_of(layout)) {}

std::span<const std::uint8_t> PackedStream::encode(PackedWork& work, const Extent& extent, const FrameInfo& info, packed::BitShares* shares) {
    std::vector<std::uint8_t>& bytes = work.bytes_;
    bytes.assign(info.key ? hash_bytes : 0, 0);
    if (info.kind == wire::FrameKind::Stream) {
        CHECK(at_ == info.base);
        if (info.has_state) {
            gather(work.changes_, extent, info.base);
            work.writer_.stream(stream_, work.changes_, bytes, shares);
        }
        if (info.key && !PLANTED(key_unsettled)) stream_.settle();
        at_ = info.tick;
        if (info.key) hash_ = stream_.hash();
    } else {
        CHECK(!info.key || at_ == info.tick);
        if (info.has_state) {
            gather(work.changes_, extent, info.base);
            work.writer_.absolute(work.empty(extent.world().layout()), work.changes_, info.base == 0, bytes, shares);
        }
    }
    for (std::size_t i = 0; info.key && i < hash_bytes; ++i) bytes[i] = static_cast<std::uint8_t>(hash_ >> (8 * i));
    return bytes;
}

void PackedStream::start(PackedWork& work, const Extent& extent, Tick key) {
    if (at_ == key) return;
    gather(work.changes_, extent, 0);
    work.writer_.start(stream_, work.changes_);
    at_ = key;
    hash_ = stream_.hash();
}

// delta(base); with base 0 everything.
void PackedStream::gather(packed::Changes& to, const Extent& extent, Tick base) const {
    if (to.components.size() < stream_.size()) to.components.resize(stream_.size());  // more are another layout's, and not looked at
    for (ComponentIndex i = 0; i < stream_.size(); ++i) gather_rows(extent, i, base, to.components[i]);
    to.removed.clear();
    to.lists_alive = extent.lists_alive(base);
    extent.add_gone(base, to.lists_alive, to.removed);
}

}  // namespace tickrelay
