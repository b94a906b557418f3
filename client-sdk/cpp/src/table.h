// The values of one component, row by row without gaps, and which entity each row is of. Owned by the Mirror.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

class Table {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  // value_bytes: of the struct; 0: opaque, each value with its own length.
  explicit Table(std::size_t value_bytes) : value_bytes_(value_bytes), stride_((value_bytes + 7) & ~std::size_t{7}) {}

  [[nodiscard]] bool opaque() const { return value_bytes_ == 0; }
  [[nodiscard]] std::span<const EntityId> ids() const { return ids_; }
  // Frames list entities in the order of the frames before: the row behind the last one found is tried first.
  [[nodiscard]] std::uint32_t find(EntityId id) const;
  std::uint32_t insert(EntityId id);  // zeroed. REQUIRES: not there
  void erase(std::uint32_t row);      // the last row takes its place
  void clear();

  [[nodiscard]] Bytes value(std::uint32_t row) const {
    return opaque() ? Bytes(opaque_[row]) : Bytes(structs_.data() + row * stride_, value_bytes_);
  }
  // REQUIRES: not opaque
  [[nodiscard]] std::uint8_t* at(std::uint32_t row) { return structs_.data() + row * stride_; }
  // REQUIRES: opaque
  void replace(std::uint32_t row, Bytes value) { opaque_[row].assign(value.begin(), value.end()); }

  // Number of the last whole frame that held the row.
  [[nodiscard]] std::uint32_t& whole(std::uint32_t row) { return whole_[row]; }

 private:
  std::size_t value_bytes_;
  std::size_t stride_;  // a multiple of 8: every row is aligned for every field
  std::vector<EntityId> ids_;
  std::vector<std::uint32_t> whole_;
  std::vector<std::uint8_t> structs_;
  std::vector<std::vector<std::uint8_t>> opaque_;
  std::unordered_map<EntityId, std::uint32_t> rows_;
  mutable std::uint32_t hint_ = 0;
};

}  // namespace sdk
}  // namespace tickrelay
