#pragma once
// A recording in the relay's own World, a recorded tick a tick. An entity gets an id of its own each time it appears,
// as in a room. No I/O, no clock.

#include <map>
#include <vector>

#include "bench/load/recorded_changes.h"
#include "bench/load/recorded_schema.h"
#include "relay/core/world.h"

namespace tickrelay::bench {

class RecordedWorld {
 public:
  // The three outlive it. `layout` is of the schema. Throws RecordingError where a room cannot hold the recording.
  RecordedWorld(const Recording& recording, const RecordedSchema& schema, LayoutPointer layout);

  // Takes the next recorded tick. Returns how many entities appeared or changed. REQUIRES: ticks_taken() < its ticks.
  std::size_t step();
  std::size_t ticks_taken() const { return ticks_taken_; }
  // The first recorded tick is 1.
  Tick tick() const { return static_cast<Tick>(ticks_taken_); }
  const World& world() const { return world_; }
  EntityId id(RecordedKey key) const { return ids_.at(key); }
  ComponentIndex component(std::uint32_t type) const { return components_[type]; }
  // A recorded entity's masked fields as they lie in messages. Valid until the next call.
  std::span<const std::byte> bytes_of(std::uint32_t type, std::uint64_t mask, std::span<const std::int32_t> values);

 private:
  const RecordedSchema& schema_;
  RecordedChanges changes_;
  World world_;
  std::vector<ComponentIndex> components_;  // by recorded type
  std::map<RecordedKey, EntityId> ids_;
  EntityId last_id_ = 0;
  std::size_t ticks_taken_ = 0;
  std::vector<std::byte> bytes_;
};

}  // namespace tickrelay::bench
