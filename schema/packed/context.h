// What both ends of a stream hold: every value as of the last frame, in the same order, and what was learned since the last
// key tick. One owner. PROTOCOL.md, "Codec packed".
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "schema/packed/lanes.h"
#include "schema/packed/value.h"
#include "schema/state/id_table.h"

namespace tickrelay::packed {

using EntityId = IdTable::EntityId;

inline constexpr std::uint32_t turns_kept = 16;  // without a change before an entity's history is dropped
inline constexpr std::size_t spawns_kept = 8;

// What was learned of a part's flag "it changed".
struct FlagModel {
  std::array<Bit, 64> by_delta;
};

// What was learned of a component, beside its parts.
struct ComponentBits {
  Bit any_changed, any_added;
  std::array<Bit, 32> changed_by_gap;
  NumberModel woken, wake_gap, added, added_gap;
  std::array<Bit, 4> present;

  NumberModel length;
  std::array<Bit, 2> same;
  std::array<Bit, 256> byte;
};

// Made at its first use, emptied at its first use after a key tick.
struct ComponentModel {
  explicit ComponentModel(const Lanes& lanes);
  void forget();

  ComponentBits bits;
  std::vector<FlagModel> flags;
  std::vector<ValueModel> values;

  // For values that come without those before them: each after the one of the entity listed before.
  std::vector<FlagModel> fresh_flags;
  std::vector<ValueModel> fresh_values;
  std::vector<History> fresh_histories;
  std::vector<std::int32_t> fresh_last;
  std::vector<std::uint8_t> last_opaque;
};

struct RoomModel {
  CommonModel common;
  std::array<Bit, 512> changed;  // entities
  std::array<Bit, 256> flag;     // parts
  Weights changed_weights, flag_weights;
  Bit any_removed, any_spawned;
  NumberModel removed, removed_gap, spawned, spawn_block, spawn_gap, spawn_id;
};

// One component of every entity that has it.
class Rows {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  // An entity that changed of late.
  struct Active {
    std::uint32_t row;
    std::uint32_t turns = 0;  // whether it changed at the last ones, newest lowest
  };

  explicit Rows(const Lanes& lanes) : lanes_(lanes.count()) {}

  [[nodiscard]] std::size_t size() const { return ids_.size(); }
  [[nodiscard]] std::span<const EntityId> ids() const { return ids_; }
  [[nodiscard]] std::uint32_t find(EntityId id) const { return index_.find(id); }
  [[nodiscard]] std::span<std::int32_t> values(std::uint32_t row) { return {values_.data() + row * lanes_, lanes_}; }
  [[nodiscard]] std::vector<std::uint8_t>& opaque(std::uint32_t row) { return opaque_[row]; }

  std::uint32_t add(EntityId id);  // zeroes. REQUIRES: not there
  void remove(std::uint32_t row);  // the last one takes its place
  void clear();

  [[nodiscard]] std::span<Active> active() { return active_; }
  [[nodiscard]] std::uint32_t slot(std::uint32_t row) const { return slot_[row]; }
  [[nodiscard]] std::span<History> histories(std::uint32_t slot) { return {histories_.data() + slot * lanes_, lanes_}; }
  std::uint32_t wake(std::uint32_t row);  // its new slot
  void drop_idle();
  // At a key tick: by id, nobody active.
  void settle();

 private:
  void drop(std::uint32_t slot);

  std::size_t lanes_;
  IdTable index_;
  std::vector<EntityId> ids_;
  std::vector<std::int32_t> values_;                // row × lanes
  std::vector<std::vector<std::uint8_t>> opaque_;   // by row, where there are no lanes
  std::vector<std::uint32_t> slot_;                 // by row: its place in active_
  std::vector<Active> active_;
  std::vector<History> histories_;                  // slot × lanes
  // For settle().
  std::vector<std::uint32_t> order_;
  std::vector<EntityId> ids_scratch_;
  std::vector<std::int32_t> values_scratch_;
  std::vector<std::vector<std::uint8_t>> opaque_scratch_;
};

class Context {
 public:
  explicit Context(std::vector<Lanes> components);

  [[nodiscard]] std::size_t size() const { return lanes_.size(); }
  [[nodiscard]] const Lanes& lanes(std::size_t component) const { return lanes_[component]; }
  [[nodiscard]] Rows& rows(std::size_t component) { return rows_[component]; }
  [[nodiscard]] RoomModel& room() { return *room_; }
  [[nodiscard]] ComponentModel& model(std::size_t component);
  [[nodiscard]] std::array<EntityId, spawns_kept>& spawns() { return spawns_; }

  void remove(EntityId id);
  // Forgets what was learned: what every frame that ends at a key tick does, on both sides.
  void settle();
  // Forgets everything.
  void clear();
  // A short number over every value there is; never 0.
  [[nodiscard]] std::uint32_t hash();

 private:
  void forget();

  std::vector<Lanes> lanes_;
  std::vector<Rows> rows_;
  std::unique_ptr<RoomModel> room_;
  std::vector<std::unique_ptr<ComponentModel>> models_;
  std::vector<bool> used_;  // since the last key tick
  std::array<EntityId, spawns_kept> spawns_{};
};

}  // namespace tickrelay::packed
