#include "bench/floor/room.h"

#include <bit>
#include <cstring>
#include <utility>

#include "bench/net/clock.h"
#include "bench/net/websocket.h"

namespace tickrelay::bench {
namespace {

constexpr std::uint32_t entities_max = 16'384;
constexpr std::uint32_t quiet_frames_per_s = 4;  // of a room in which nothing changes

}  // namespace

FloorRoom::FloorRoom(std::string id, std::int64_t zero_ns, std::uint32_t rate_hz)
    : id_(std::move(id)), zero_ns_(zero_ns), rate_hz_(rate_hz) {}

std::int64_t FloorRoom::due_ns(std::uint32_t tick_number) const {
  return zero_ns_ + tick_number * second_ns / rate_hz_;
}

std::uint32_t FloorRoom::tick_at(std::int64_t now_ns) const {
  return now_ns <= zero_ns_ ? 0 : static_cast<std::uint32_t>((now_ns - zero_ns_) * rate_hz_ / second_ns);
}

void FloorRoom::add(std::uint32_t entity) {
  if (entities_.size() >= entities_max || places_.contains(entity)) return;
  places_[entity] = static_cast<std::uint32_t>(entities_.size());
  entities_.push_back({.id = entity, .changed = floor_all_fields});
  changed_ = true;
}

void FloorRoom::remove(std::uint32_t entity) {
  const auto found = places_.find(entity);
  if (found == places_.end()) return;
  const std::uint32_t place = found->second;
  places_.erase(found);
  entities_[place] = entities_.back();
  entities_.pop_back();
  if (place < entities_.size()) places_[entities_[place].id] = place;
  removed_.push_back(entity);
  changed_ = true;
}

void FloorRoom::apply(const wire::Action& action) {
  if (action.kind() == wire::ActionKind::Despawn) return remove(action.entity());
  const bool spawns = action.kind() == wire::ActionKind::Spawn;
  if ((!spawns && action.kind() != wire::ActionKind::Set) || action.component() != floor_component) return;
  if (spawns) add(action.entity());
  const auto found = places_.find(action.entity());
  const auto mask = static_cast<std::uint8_t>(action.mask() & floor_all_fields);
  const std::size_t bytes = sizeof(float) * static_cast<std::size_t>(std::popcount(mask));
  if (found == places_.end() || action.data() == nullptr || action.data()->size() != bytes) return;
  Entity& entity = entities_[found->second];
  const std::uint8_t* next = action.data()->data();
  for (std::size_t field = 0; field < entity.values.size(); ++field) {
    if ((mask >> field & 1) == 0) continue;
    std::memcpy(&entity.values[field], next, sizeof(float));
    next += sizeof(float);
  }
  entity.changed |= mask;
  changed_ = true;
}

std::span<const std::uint8_t> FloorRoom::encode_stream(std::uint32_t tick_number) {
  tick = tick_number;
  if (!changed_ && tick_number - sent_tick_ < rate_hz_ / quiet_frames_per_s) return {};
  const auto span = static_cast<std::uint16_t>(tick_number - sent_tick_);
  sent_tick_ = tick_number;
  builder_.Clear();
  const auto frame = finish(tick_number, span, wire::FrameKind::Stream, column(false), stream_);
  removed_.clear();
  changed_ = false;
  return frame;
}

std::span<const std::uint8_t> FloorRoom::encode_whole(std::uint32_t tick_number) {
  builder_.Clear();
  return finish(tick_number, 0, wire::FrameKind::Whole, column(true), whole_);
}

// Masks are left out where every field of every entity is there.
flatbuffers::Offset<wire::Column> FloorRoom::column(bool whole) {
  ids_.clear(), masks_.clear(), values_.clear();
  bool all_full = true;
  for (Entity& entity : entities_) {
    const std::uint8_t mask = whole ? floor_all_fields : entity.changed;
    if (mask == 0) continue;
    ids_.push_back(entity.id);
    masks_.push_back(mask);
    all_full = all_full && mask == floor_all_fields;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(entity.values.data());
    for (std::size_t field = 0; field < entity.values.size(); ++field) {
      if (mask >> field & 1) values_.insert(values_.end(), bytes + 4 * field, bytes + 4 * field + 4);
    }
    if (!whole) entity.changed = 0;
  }
  if (ids_.empty()) return 0;
  const auto values = builder_.CreateVector(values_);
  const auto masks = all_full ? 0 : builder_.CreateVector(masks_);
  const auto ids = builder_.CreateVector(ids_);
  return wire::CreateColumn(builder_, floor_component, ids, masks, values);
}

std::span<const std::uint8_t> FloorRoom::finish(std::uint32_t tick_number, std::uint16_t span, wire::FrameKind kind,
                                                flatbuffers::Offset<wire::Column> column,
                                                std::vector<std::uint8_t>& out) {
  const auto columns = column.IsNull() ? 0 : builder_.CreateVector(&column, 1);
  const auto removed = kind == wire::FrameKind::Whole || removed_.empty() ? 0 : builder_.CreateVector(removed_);
  const wire::FrameHead head(tick_number, span, kind, wire::FrameFlags{});
  builder_.Finish(wire::CreateStateFrame(builder_, &head, 0, columns, removed), "TRF1");
  out.clear();
  append_server_frame(out, Opcode::binary, {builder_.GetBufferPointer(), builder_.GetSize()});
  return out;
}

}  // namespace tickrelay::bench
