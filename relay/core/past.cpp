#include "relay/core/past.h"

#include <algorithm>
#include <tuple>

#include "relay/core/limits.h"
#include "relay/core/world.h"

namespace tickrelay {

namespace {

constexpr std::size_t alignment = 8;  // of a value: structs are read where they lie

}  // namespace

void Past::add(Tick at, EntityId entity, ComponentIndex component, bool there, std::span<const std::byte> value) {
    if (slices_.empty() || slices_.back().tick != at) {
        if (spare_.empty()) spare_.emplace_back();
        slices_.push_back(std::move(spare_.back()));
        spare_.pop_back();
        slices_.back().tick = at;
    }
    Slice& slice = slices_.back();
    const std::size_t before = slice.size();
    const auto offset = static_cast<std::uint32_t>((slice.bytes.size() + alignment - 1) / alignment * alignment);
    slice.bytes.resize(offset);
    slice.bytes.insert(slice.bytes.end(), value.begin(), value.end());
    slice.entries.push_back({entity, component, there, offset, static_cast<std::uint32_t>(value.size())});
    bytes_ += slice.size() - before;
    while (bytes_ > limits::rewind_bytes_max && !slices_.empty()) drop_oldest();
}

// What it changed can not be taken away any more: the world is known from this tick on.
void Past::drop_oldest() {
    Slice& oldest = slices_.front();
    floor_ = std::max(floor_, oldest.tick);
    bytes_ -= oldest.size();
    oldest.entries.clear();
    oldest.bytes.clear();
    oldest.sorted = 0;
    if (spare_.size() < 2) spare_.push_back(std::move(oldest));
    slices_.pop_front();
}

void Past::advance(Tick now) {
    const Tick oldest = now - std::min(now, ticks_);
    while (!slices_.empty() && slices_.front().tick <= oldest) drop_oldest();
    floor_ = std::max(floor_, oldest);
}

void Past::forget(Tick now) {
    while (!slices_.empty()) drop_oldest();
    floor_ = now;
}

// Of one value kept twice the first counts: the second was no change.
void Past::sort(const Slice& slice) {
    if (slice.sorted == slice.entries.size()) return;
    std::ranges::stable_sort(slice.entries, {}, [](const Entry& entry) { return std::tuple(entry.component, entry.entity); });
    slice.sorted = slice.entries.size();
}

Past::Found Past::find(Tick tick, EntityId entity, ComponentIndex component) const {
    auto slice = std::ranges::upper_bound(slices_, tick, {}, &Slice::tick);
    for (; slice != slices_.end(); ++slice) {
        sort(*slice);
        const auto at = std::ranges::lower_bound(slice->entries, std::tuple(component, entity), {},
                                                 [](const Entry& entry) { return std::tuple(entry.component, entry.entity); });
        if (at == slice->entries.end() || at->component != component || at->entity != entity) continue;
        return {true, at->there, std::span(slice->bytes).subspan(at->offset, at->bytes)};
    }
    return {};
}

void Past::add_changed(Tick tick, ComponentIndex component, std::vector<EntityId>& entities) const {
    for (auto slice = std::ranges::upper_bound(slices_, tick, {}, &Slice::tick); slice != slices_.end(); ++slice)
        for (const Entry& entry : slice->entries)
            if (entry.component == component && entry.there) entities.push_back(entry.entity);
}

std::span<const std::byte> Rewound::get(EntityId entity, ComponentIndex component) const {
    if (component >= world_->layout().components().size()) return {};
    if (past_ == nullptr) return world_->get(entity, component);
    const Past::Found found = past_->find(tick_, entity, component);
    if (!found.changed) return world_->get(entity, component);
    return found.there ? found.value : std::span<const std::byte>{};
}

std::vector<EntityId> Rewound::with(ComponentIndex component) const {
    std::vector<EntityId> entities;
    if (component >= world_->layout().components().size()) return entities;
    const auto now = world_->rows(component).ids();
    entities.assign(now.begin(), now.end());
    if (past_ != nullptr) past_->add_changed(tick_, component, entities);
    std::ranges::sort(entities);
    entities.erase(std::unique(entities.begin(), entities.end()), entities.end());
    std::erase_if(entities, [&](EntityId entity) {
        if (past_ == nullptr) return false;
        const Past::Found found = past_->find(tick_, entity, component);
        return found.changed ? !found.there : !world_->has(entity, component);
    });
    return entities;
}

}  // namespace tickrelay
