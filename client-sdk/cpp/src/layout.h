// What a room's state is made of, read once from Welcome and checked: whoever holds a Layout may trust its numbers.
// Immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schema/state/field.h"

namespace tickrelay {
inline namespace sdk {

using ComponentIndex = std::uint16_t;

inline constexpr ComponentIndex owner_component = 0;   // struct wire::Owner, on every entity
inline constexpr ComponentIndex player_component = 1;  // opaque wire::Player: the roster
inline constexpr ComponentIndex room_component = 2;    // opaque wire::Room, on entity 0

// An opaque component counts as one field.
struct Component {
  std::string name;
  std::uint16_t bytes = 0;  // of the struct; 0: opaque
  std::vector<Field> fields;
  std::uint64_t quats = 0;          // the first fields of quaternions: written by fours
  std::vector<std::uint8_t> zero{};  // what was never written: all 0, quantised

  [[nodiscard]] bool opaque() const { return bytes == 0; }
  [[nodiscard]] std::size_t field_count() const { return opaque() ? 1 : fields.size(); }
  [[nodiscard]] std::uint64_t all() const {
    return field_count() >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << field_count()) - 1;
  }
  [[nodiscard]] std::size_t mask_bytes() const { return (fields.size() + 7) / 8; }
  [[nodiscard]] std::size_t packed_bytes(std::uint64_t mask) const;
  // The fields that a shorter, older form of the struct has.
  [[nodiscard]] std::uint64_t within(std::size_t struct_bytes) const;
};

class Layout {
 public:
  [[nodiscard]] std::size_t size() const { return components_.size(); }
  [[nodiscard]] const Component& component(ComponentIndex index) const { return components_[index]; }
  [[nodiscard]] int find(std::string_view name) const;  // -1: none
  [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  friend struct LayoutReader;
  std::vector<Component> components_;
  std::unordered_map<std::string, int> by_name_;
  std::uint64_t fingerprint_ = 0;
};

using LayoutPointer = std::shared_ptr<const Layout>;

// nullptr with `error` filled: the relay sent a layout that cannot be.
LayoutPointer read_layout(const wire::Layout& layout, std::string& error);

}  // namespace sdk
}  // namespace tickrelay
