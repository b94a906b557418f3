#pragma once
// A client's copy of its room, from frames in codec plain. Values are kept as they come: fields in order, native
// width, little endian, unpadded. Knows nothing of ticks: whoever applies a frame has checked its base.

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bench/load/layout.h"
#include "schema/protocol_generated.h"

namespace tickrelay::bench {

class Mirror {
 public:
  struct Place {
    std::uint16_t component;
    std::uint32_t entity;
  };

  explicit Mirror(std::shared_ptr<const Layout> layout);

  // False: the frame contradicts the layout; the mirror is then of no use any more. REQUIRES: a verified frame.
  bool apply(const wire::StateFrame& frame);
  void forget();

  // What the last applied frame set.
  std::span<const Place> changes() const { return changes_; }
  // Empty where the entity lacks the component.
  std::span<const std::uint8_t> value(std::uint16_t component, std::uint32_t entity) const;
  using Values = std::unordered_map<std::uint32_t, std::vector<std::uint8_t>>;  // by entity
  const Values& all(std::uint16_t component) const { return values_[component]; }
  std::size_t entities(std::uint16_t component) const { return values_[component].size(); }
  const Layout& layout() const { return *layout_; }

 private:
  void remove(const wire::StateFrame& frame);
  bool apply_column(const wire::Column& column);
  bool apply_opaque(const wire::Column& column, Values& values);
  bool apply_fields(const wire::Column& column, const LayoutComponent& component, Values& values);

  std::shared_ptr<const Layout> layout_;
  std::vector<Values> values_;            // by component
  std::vector<std::size_t> value_bytes_;  // by component
  std::vector<Place> changes_;
};

}  // namespace tickrelay::bench
