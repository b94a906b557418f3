#include "relay/core/frame_bytes.h"

#include <numeric>

namespace tickrelay {

namespace {

// A prime: tick rates and key ticks have no beat with it.
constexpr std::uint64_t frames_per_sample = 7;

double bytes_of(std::int64_t shares) { return static_cast<double>(shares) / (8.0 * packed::bit_shares); }

}  // namespace

FrameBytes::FrameBytes(const Layout& layout) {
    for (const Component& component : layout.components()) shares_.fields.emplace_back(component.fields.size() + 1);
    shares_.components.resize(shares_.fields.size());
    shares_.changed.resize(shares_.fields.size());
    rates_.resize(shares_.fields.size());
}

packed::BitShares& FrameBytes::begin() {
    shares_.by_field = frames_ % frames_per_sample == 0;
    return shares_;
}

void FrameBytes::column(const Component& component, ComponentIndex index, std::size_t bytes, std::size_t rows,
                        std::span<const std::uint8_t> masks, bool stream) {
    shares_.components[index] += shares_of(bytes);
    if (stream) shares_.changed[index] += rows;
    if (!shares_.by_field) return;
    std::vector<std::int64_t>& shares = shares_.fields[index];
    std::size_t values = 0;
    for (std::size_t f = 0; f < component.fields.size(); ++f) {
        std::size_t count = masks.empty() ? rows : 0;
        for (std::size_t at = f / 8; at < masks.size(); at += component.mask_bytes()) count += masks[at] >> (f % 8) & 1U;
        shares[f] += shares_of(count * component.fields[f].width());
        values += count * component.fields[f].width();
    }
    shares.back() += shares_of(bytes - values);
}

double FrameBytes::other() const { return bytes_of(shares_.other); }

double FrameBytes::component(ComponentIndex index) const { return bytes_of(shares_.components[index]); }

double FrameBytes::envelope() const {
    const std::int64_t state = std::accumulate(shares_.components.begin(), shares_.components.end(), shares_.other);
    return static_cast<double>(total_) - static_cast<double>(events_) - bytes_of(state);
}

double FrameBytes::field(ComponentIndex index, std::size_t field) const {
    const std::vector<std::int64_t>& shares = shares_.fields[index];
    const std::int64_t sampled = std::accumulate(shares.begin(), shares.end(), std::int64_t{0});
    return sampled <= 0 ? 0 : component(index) * static_cast<double>(shares[field]) / static_cast<double>(sampled);
}

void FrameBytes::Period::end(double bytes_now, std::uint64_t changed_now, double seconds) {
    rate = {(bytes_now - bytes) / seconds, static_cast<double>(changed_now - changed) / seconds};
    bytes = bytes_now;
    changed = changed_now;
}

void FrameBytes::end_period(double seconds) {
    room_.end(static_cast<double>(total_), 0, seconds);
    for (ComponentIndex i = 0; i < rates_.size(); ++i) rates_[i].end(component(i), changed(i), seconds);
}

}  // namespace tickrelay
