#include "bench/load/recorded_world.h"

#include "relay/core/limits.h"

namespace tickrelay::bench {
namespace {

constexpr PlayerNumber authority = 1;  // who replays owns what is replayed

}  // namespace

RecordedWorld::RecordedWorld(const Recording& recording, const RecordedSchema& schema, LayoutPointer layout)
    : schema_(schema), changes_(recording), world_(layout) {
  for (const RecordedColumn& column : schema.columns) {
    const auto component = layout->find(column.component);
    if (!component) throw RecordingError("the room's schema lacks " + column.component);
    components_.push_back(*component);
  }
}

std::size_t RecordedWorld::step() {
  std::size_t changed = 0;
  const auto now = static_cast<Tick>(ticks_taken_ + 1);
  for (const RecordedChange& change : changes_.to(ticks_taken_)) {
    if (change.what == RecordedChange::What::goes) {
      world_.remove(ids_.at(change.key), now);
      ids_.erase(change.key);
      continue;
    }
    if (change.what == RecordedChange::What::appears) {
      if (world_.size() >= limits::entities_max) throw RecordingError("more entities than a room can have");
      world_.create(ids_[change.key] = ++last_id_, authority, now);
    }
    const std::uint32_t type = change.key.first;
    world_.write(ids_.at(change.key), components_[type], change.mask, bytes_of(type, change.mask, change.values), now);
    ++changed;
  }
  ++ticks_taken_;
  return changed;
}

std::span<const std::byte> RecordedWorld::bytes_of(std::uint32_t type, std::uint64_t mask,
                                                   std::span<const std::int32_t> values) {
  bytes_.clear();
  for (std::size_t field = 0; field < values.size(); ++field) {
    if ((mask >> field & 1) == 0) continue;
    const auto* native = reinterpret_cast<const std::byte*>(&values[field]);
    bytes_.insert(bytes_.end(), native, native + schema_.columns[type].field_bytes[field]);
  }
  return bytes_;
}

}  // namespace tickrelay::bench
