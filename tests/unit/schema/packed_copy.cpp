#include "tests/unit/schema/packed_copy.h"

#include <algorithm>
#include <cstring>

namespace tickrelay::test {

PackedCopy::PackedCopy(const std::vector<Shape>& shapes, packed::ReadLimits limits)
    : shapes_(shapes), context_(lanes_of(shapes)), empty_(lanes_of(shapes)), reader_(limits), state_(shapes.size()) {}

bool PackedCopy::apply(const PackedFrame& frame) {
  const bool of_stream = frame.kind == Kind::stream;
  if (frame.kind == Kind::whole) state_.assign(shapes_.size(), {});
  if (frame.has_state) {
    const bool good = of_stream ? reader_.stream(context_, frame.bytes, *this)
                                : reader_.absolute(context_, empty_, frame.bytes, frame.kind == Kind::whole, *this);
    if (!good) return false;
  }
  in_stream_ = frame.key || (of_stream && in_stream_);
  if (frame.key) context_.settle();
  tick_ = frame.tick;
  return true;
}

void PackedCopy::removed(EntityId id) {
  for (auto& rows : state_) rows.erase(id);
}

void PackedCopy::keep_only(std::span<const EntityId> ids) {
  for (auto& rows : state_)
    std::erase_if(rows, [&](const auto& row) { return !std::ranges::binary_search(ids, row.first); });
}

bool PackedCopy::put(std::size_t component, EntityId id, std::uint64_t mask, std::span<const std::byte> values) {
  const Shape& shape = shapes_[component];
  Value& value = state_[component].try_emplace(id, Value(shape.bytes)).first->second;
  std::size_t at = 0;
  for (std::size_t f = 0; f < shape.fields.size(); ++f) {
    if ((mask >> f & 1) == 0) continue;
    const std::size_t width = shape.fields[f].width();
    std::ranges::copy(values.subspan(at, width), value.begin() + shape.fields[f].offset);
    at += width;
    ++told_;
  }
  return at == values.size() && mask != 0;
}

bool PackedCopy::put_opaque(std::size_t component, EntityId id, std::span<const std::uint8_t> value) {
  const auto bytes = std::as_bytes(value);
  state_[component][id].assign(bytes.begin(), bytes.end());
  told_ += value.size() + 1;
  return true;
}

PackedRelay::PackedRelay(const PackedWorld& world)
    : world_(world), context_(lanes_of(world.shapes())), empty_(lanes_of(world.shapes())) {}

PackedFrame PackedRelay::stream(bool key) {
  PackedFrame frame{.tick = world_.now(), .base = at_, .key = key, .has_state = world_.newest() > at_};
  if (at_ == 0) {
    writer_.start(context_, world_.since(0));
  } else {
    if (frame.has_state) writer_.stream(context_, world_.since(at_), frame.bytes);
    if (key) context_.settle();
  }
  if (key) frame.hash = context_.hash();
  at_ = frame.tick;
  return frame;
}

PackedFrame PackedRelay::absolute(std::uint32_t base, bool key, bool lists_alive) {
  PackedFrame frame{.tick = world_.now(),
                    .base = base,
                    .kind = base == 0 ? Kind::whole : Kind::catch_up,
                    .key = key,
                    .has_state = base == 0 || world_.newest() > base};
  if (frame.has_state) writer_.absolute(empty_, world_.since(base, lists_alive), base == 0, frame.bytes);
  if (key) frame.hash = context_.hash();
  return frame;
}

}  // namespace tickrelay::test
