#include "bench/load/packed_copy.h"

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
  if (!read(frame, whole, changed)) return Applied::broken;
  const auto flags = static_cast<unsigned>(frame.head()->flags());
  if ((flags & static_cast<unsigned>(wire::FrameFlags::KeyTick)) == 0) {
    in_stream_ &= frame.head()->kind() == wire::FrameKind::Stream;
    return Applied::done;
  }
  in_stream_ = true;
  stream_.settle();
  return frame.hash() == 0 || frame.hash() == stream_.hash() ? Applied::done : Applied::lost;
}

bool PackedCopy::read(const wire::StateFrame& frame, bool whole, packed::Changed& changed) {
  if (frame.packed() == nullptr && !whole) return true;  // no state changed
  std::span<const std::uint8_t> bytes;
  if (frame.packed() != nullptr) bytes = {frame.packed()->data(), frame.packed()->size()};
  if (frame.head()->kind() == wire::FrameKind::Stream) return reader_.stream(stream_, bytes, changed);
  return reader_.absolute(stream_, empty_, bytes, whole, changed);
}

}  // namespace tickrelay::bench
