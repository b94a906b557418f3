// The owner's echo (design rule 12): which fields this player wrote and the relay has not taken up yet, and beside them
// what the relay says meanwhile. Owned by the Mirror, whose tables show the player's value for exactly these fields.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "layout.h"
#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

struct HeldValue {
  std::uint64_t mask = 0;           // fields held
  std::vector<std::uint32_t> seq;   // per field: the action that wrote it last
  std::vector<std::uint8_t> truth;  // the relay's value; zero where it knows none
  bool known = false;               // the relay has sent this value
};

class Held {
 public:
  using Key = std::uint64_t;
  static Key key(ComponentIndex component, EntityId entity) { return std::uint64_t{component} << 32 | entity; }
  static ComponentIndex component_of(Key key) { return static_cast<ComponentIndex>(key >> 32); }
  static EntityId entity_of(Key key) { return static_cast<EntityId>(key); }

  [[nodiscard]] bool empty() const { return values_.empty(); }
  [[nodiscard]] HeldValue* find(ComponentIndex component, EntityId entity) {
    if (values_.empty()) return nullptr;
    const auto found = values_.find(key(component, entity));
    return found == values_.end() ? nullptr : &found->second;
  }
  HeldValue& operator[](Key key) { return values_[key]; }
  void erase(ComponentIndex component, EntityId entity) { values_.erase(key(component, entity)); }
  void clear() { values_.clear(); }
  [[nodiscard]] std::unordered_map<Key, HeldValue>& values() { return values_; }

 private:
  std::unordered_map<Key, HeldValue> values_;
};

}  // namespace sdk
}  // namespace tickrelay
