#include "bench/load/packed_copy.h"

#include <cstring>

namespace tickrelay::bench {
namespace {

std::vector<packed::Lanes> lanes_of(const Layout& layout) {
  std::vector<packed::Lanes> lanes;
  for (const LayoutComponent& component : layout.components) lanes.emplace_back(component.fields);
  return lanes;
}

}  // namespace

PackedCopy::PackedCopy(const Layout& layout) : stream_(lanes_of(layout)), empty_(lanes_of(layout)) {}

Applied PackedCopy::apply(const About& about, std::span<const std::uint8_t> payload, packed::Changed& changed) {
  if (about.kind == wire::FrameKind::Stream && !in_stream_) return Applied::lost;
  std::uint32_t hash = 0;
  if (about.key && !take_hash(payload, hash)) return Applied::broken;
  if (!read(about.kind, payload, about.whole, changed)) return Applied::broken;
  if (!about.key) {
    in_stream_ &= about.kind == wire::FrameKind::Stream;
    return Applied::done;
  }
  in_stream_ = true;
  stream_.settle();
  return hash == stream_.hash() ? Applied::done : Applied::lost;
}

// A key tick's payload begins with it.
bool PackedCopy::take_hash(std::span<const std::uint8_t>& bytes, std::uint32_t& hash) {
  if (bytes.size() < sizeof hash) return false;
  std::memcpy(&hash, bytes.data(), sizeof hash);
  bytes = bytes.subspan(sizeof hash);
  return true;
}

bool PackedCopy::read(wire::FrameKind kind, std::span<const std::uint8_t> bytes, bool whole, packed::Changed& changed) {
  if (bytes.empty() && !whole) return true;  // no state changed
  if (kind == wire::FrameKind::Stream) return reader_.stream(stream_, bytes, changed);
  return reader_.absolute(stream_, empty_, bytes, whole, changed);
}

}  // namespace tickrelay::bench
