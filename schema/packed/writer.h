// State → the bytes of StateFrame.packed. Owner: whoever owns the context. No allocation when warm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "schema/packed/bit_shares.h"
#include "schema/packed/coder.h"
#include "schema/packed/context.h"

namespace tickrelay::packed {

// An entity's component, and which of its fields may have changed.
struct ChangedRow {
  EntityId id = 0;
  std::uint64_t mask = 0;
  const std::byte* value = nullptr;  // a struct in its FlatBuffers layout, or an opaque value
  std::uint32_t bytes = 0;           // of an opaque value
};

// What a frame tells. Components in the layout's order, at least as many as the context has; component 0 is on every entity.
struct Changes {
  std::vector<std::vector<ChangedRow>> components;
  std::vector<EntityId> removed;  // or, with lists_alive, everyone there is
  bool lists_alive = false;
};

class Writer {
 public:
  // What changed since the frame before, which left `context`: appended to out, taken over into the context.
  // `shares`, where they are to be told: made for the context's components.
  void stream(Context& context, const Changes& changes, std::vector<std::uint8_t>& out, BitShares* shares = nullptr);
  // Readable for everyone whose base is not below the changes'. `whole`: every field of every row is given.
  // `empty`: a context of its own that is used for nothing else.
  void absolute(Context& empty, const Changes& changes, bool whole, std::vector<std::uint8_t>& out, BitShares* shares = nullptr);
  // The context becomes what `all` says, as at a key tick.
  void start(Context& context, const Changes& all);
  // After an exception in one of these; the context was left half written.
  void forget_half_made() {
    spawned_.clear();
    spawned_at_.clear();
  }

 private:
  struct Found {
    std::uint32_t row;
    std::uint32_t index;  // of its ChangedRow
  };

  void code_removals(RangeEncoder& coder, Context& context, const Changes& changes);
  void code_spawns(RangeEncoder& coder, Context& context, const Changes& changes);
  void code_component(RangeEncoder& coder, Context& context, std::size_t component, std::span<const ChangedRow> changed);
  void find_rows(Context& context, std::size_t component, std::span<const ChangedRow> changed);
  void code_existing(RangeEncoder& coder, Context& context, std::size_t component, std::span<const ChangedRow> changed);
  void code_new(RangeEncoder& coder, Context& context, std::size_t component, std::span<const ChangedRow> changed);
  // REQUIRES: find_rows
  void code_row(RangeEncoder& coder, Context& context, std::size_t component, std::span<const ChangedRow> changed, Found found,
                std::uint32_t slot);
  void code_added(RangeEncoder& coder, Context& context, std::size_t component, const ChangedRow& from);
  void code_given(RangeEncoder& coder, Context& context, std::size_t component, const ChangedRow& from, bool all,
                  std::span<std::int32_t> values, std::vector<std::uint8_t>* opaque);
  void code_listed(RangeEncoder& coder, Context& empty, std::size_t component, std::span<const ChangedRow> changed, bool all);
  static std::uint64_t differing(const Lanes& lanes, const ChangedRow& row, std::span<const std::int32_t> last, std::span<std::int32_t> to);

  std::vector<EntityId> spawned_;      // this frame's, in their order
  std::vector<std::uint32_t> gone_;
  std::vector<std::uint32_t> by_slot_; // index + 1 of its ChangedRow
  std::vector<Found> woken_, added_;
  IdTable spawned_at_;                     // their places
  std::vector<std::uint32_t> of_spawned_;  // per spawned_: index + 1
  std::vector<std::uint64_t> masks_;       // per ChangedRow: parts that differ
  std::vector<std::int32_t> targets_;      // per ChangedRow: the lanes of its mask
  std::vector<std::int32_t> target_, values_;
  std::vector<std::uint8_t> opaque_;
  std::vector<EntityId> ids_;              // of an absolute frame
  std::vector<std::uint32_t> order_;
};

}  // namespace tickrelay::packed
