#pragma once
// A client's copy of its room, from frames in either codec. Values are kept as they come: fields in order, native
// width, little endian, unpadded. Knows nothing of ticks: whoever applies a frame has checked its base.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bench/load/layout.h"
#include "bench/load/packed_copy.h"
#include "bench/load/parts_copy.h"
#include "schema/protocol_generated.h"

namespace tickrelay::bench {

class Mirror final : private packed::Changed, private PartsCopy::Plain {
 public:
  struct Place {
    std::uint16_t component;
    std::uint32_t entity;
  };

  // REQUIRES: no component of the layout has more than 64 fields.
  Mirror(std::shared_ptr<const Layout> layout, wire::Codec codec);

  // A new connection goes on with what there is.
  void rejoin();
  // Broken: the frame contradicts the layout; the mirror is then of no use any more. REQUIRES: a verified frame.
  Applied apply(const wire::StateFrame& frame);

  // What the last applied frame set.
  std::span<const Place> changes() const { return changes_; }
  // Empty where the entity lacks the component.
  std::span<const std::uint8_t> value(std::uint16_t component, std::uint32_t entity) const;
  using Values = std::unordered_map<std::uint32_t, std::vector<std::uint8_t>>;  // by entity
  const Values& all(std::uint16_t component) const { return values_[component]; }
  std::size_t entities(std::uint16_t component) const { return values_[component].size(); }
  const Layout& layout() const { return *layout_; }

 private:
  void removed(std::uint32_t entity) override;
  void keep_only(std::span<const std::uint32_t> entities) override;
  bool put(std::size_t component, std::uint32_t entity, std::uint64_t mask, std::span<const std::byte> values) override;
  bool put_opaque(std::size_t component, std::uint32_t entity, std::span<const std::uint8_t> value) override;

  Applied apply_packed(const wire::StateFrame& frame, bool whole);
  bool apply_plain(const wire::StateFrame& frame, packed::Changed& changed) override;
  bool apply_column(const wire::Column& column, packed::Changed& changed);
  bool apply_opaque(const wire::Column& column, packed::Changed& changed);
  bool apply_fields(const wire::Column& column, packed::Changed& changed);
  std::size_t masked_bytes(std::size_t component, std::uint64_t mask) const;

  std::shared_ptr<const Layout> layout_;
  std::vector<Values> values_;            // by component
  std::vector<std::size_t> value_bytes_;  // by component
  std::vector<Place> changes_;
  wire::Codec codec_;
  std::unique_ptr<PackedCopy> packed_;  // null in codec plain
  std::unique_ptr<PartsCopy> parts_;    // of a room with views, from its first frame
};

}  // namespace tickrelay::bench
