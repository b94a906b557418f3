// The player's copy of the room's state: what frames brought, with its own unconfirmed writes on top (Held), and a list
// of what changed in what is shown. Owned by a Session. No clock, no I/O. Decoders call begin/put/remove in the order
// of PROTOCOL.md, "Frames".
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bounds.h"
#include "chunk_members.h"
#include "held.h"
#include "layout.h"
#include "table.h"
#include "tickrelay/room.h"
#include "tickrelay/state.h"

namespace tickrelay {
inline namespace sdk {

// One entry of the list of changes. `last` is kept for removals that somebody watches.
struct MirrorChange {
  Change::Kind kind;
  ComponentIndex component;
  EntityId entity;
  std::uint64_t fields;
  std::vector<std::uint8_t> last;
};

class Mirror {
 public:
  // Forgets everything. Changes are not listed: take them before.
  void reset(LayoutPointer layout);
  [[nodiscard]] const Layout* layout() const { return layout_.get(); }

  std::uint32_t tick = 0;  // newest applied, for State

  // ---- a frame. False: more entities than a room can have.
  void begin_whole();  // base 0: what is not put until end_whole is gone
  void end_whole();
  void keep_only(std::span<const EntityId> alive);
  void remove(EntityId entity);
  // values: the masked fields, packed. REQUIRES: component in the layout, mask within its fields, values complete
  bool put(ComponentIndex component, EntityId entity, std::uint64_t mask, const std::uint8_t* values);
  bool put_opaque(ComponentIndex component, EntityId entity, Bytes value);

  // ---- a frame in parts: between begin_part and end_part the calls above are of that chunk alone.
  void begin_part(ChunkMembers::Chunk chunk) { chunk_ = chunk; }
  void end_part() { chunk_.reset(); }
  void leave_chunk(ChunkMembers::Chunk chunk) { members_.leave_all(chunk); }
  void leave_chunks() { members_.leave_everything(); }
  void end_parts();  // of the frame: who left a chunk and came with no other is gone

  // ---- the player's own writes, shown until release(seq or more). value: the struct, or the opaque value.
  bool write_own(ComponentIndex component, EntityId entity, std::uint64_t mask, Bytes value, std::uint32_t seq);
  void release(std::uint32_t applied_seq);
  [[nodiscard]] Held& held() { return held_; }

  // ---- reading
  [[nodiscard]] Bytes value(ComponentIndex component, EntityId entity) const;  // empty: none
  [[nodiscard]] bool has(ComponentIndex component, EntityId entity) const {
    return component < tables_.size() && tables_[component].find(entity) != Table::none;
  }
  [[nodiscard]] std::span<const EntityId> with(ComponentIndex component) const;
  [[nodiscard]] std::span<const EntityId> entities() const { return ids_; }
  [[nodiscard]] bool contains(EntityId entity) const { return entities_.contains(entity); }
  // The component's index where the room's struct holds T; -1 otherwise, with a fault for an unfit one.
  int resolve(const TypeKey& type) const;

  // ---- what changed
  void watch(ComponentIndex component) { watched_.set(component); }
  std::vector<MirrorChange> take_changes() { return std::exchange(changes_, {}); }
  std::vector<std::string> take_faults() { return std::exchange(faults_, {}); }

 private:
  struct Entity {
    std::uint32_t place = 0;  // in ids_
    std::bitset<128> components;
  };

  bool enlist(EntityId entity, ComponentIndex component);
  void erase_value(ComponentIndex component, EntityId entity);
  void drop_entity(EntityId entity);
  std::uint64_t copy_fields(const Component& component, std::uint64_t mask, std::uint64_t shown,
                            const std::uint8_t* values, std::uint8_t* to);
  void note(Change::Kind kind, ComponentIndex component, EntityId entity, std::uint64_t fields);
  HeldValue& hold(ComponentIndex component, EntityId entity, bool known);
  bool release_value(ComponentIndex component, EntityId entity, HeldValue& held, std::uint32_t applied_seq);

  LayoutPointer layout_;
  std::vector<Table> tables_;
  std::unordered_map<EntityId, Entity> entities_;
  std::vector<EntityId> ids_;
  Held held_;
  std::optional<ChunkMembers::Chunk> chunk_;  // of the part that is read
  ChunkMembers members_;
  bool in_whole_ = false;
  std::uint32_t whole_ = 0;
  std::bitset<128> watched_;
  std::vector<MirrorChange> changes_;
  mutable std::vector<int> resolved_;  // by TypeKey::number; -2: not yet asked
  mutable std::vector<std::string> faults_;
};

}  // namespace sdk
}  // namespace tickrelay
