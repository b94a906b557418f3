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

Applied PackedCopy::apply(const wire::StateFrame& frame, bool whole, packed::Changed& changed) {
  if (frame.head()->kind() == wire::FrameKind::Stream && !in_stream_) return Applied::lost;
  const bool key = (static_cast<unsigned>(frame.head()->flags()) & static_cast<unsigned>(wire::FrameFlags::KeyTick)) != 0;
  std::span<const std::uint8_t> bytes;
  if (frame.packed() != nullptr) bytes = {frame.packed()->data(), frame.packed()->size()};
  std::uint32_t hash = 0;
  if (key && !take_hash(bytes, hash)) return Applied::broken;
  if (!read(frame.head()->kind(), bytes, whole, changed)) return Applied::broken;
  if (!key) {
    in_stream_ &= frame.head()->kind() == wire::FrameKind::Stream;
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
