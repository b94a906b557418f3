// Entity ids that the relay granted to this seat; used in increasing order, each once. Owned by a Session.
#pragma once

#include <cstdint>
#include <map>

#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

class IdBlocks {
 public:
  void clear() {
    blocks_.clear();
    used_ = 0;
  }

  // The relay may know none of them any more; the ids that were used stay used.
  void forget() { blocks_.clear(); }

  // The same block may be told again.
  void add(EntityId first, std::uint32_t count) {
    if (first == 0 || count == 0 || first > UINT32_MAX - count) return;
    std::uint32_t& known = blocks_[first];
    if (count > known) known = count;
  }

  // 0: none left.
  EntityId take() {
    while (!blocks_.empty()) {
      const auto [first, count] = *blocks_.begin();
      const EntityId next = used_ + 1 > first ? used_ + 1 : first;
      if (next - first < count) return used_ = next;
      blocks_.erase(blocks_.begin());
    }
    return 0;
  }

 private:
  std::map<EntityId, std::uint32_t> blocks_;  // first → count
  EntityId used_ = 0;                         // highest given out
};

}  // namespace sdk
}  // namespace tickrelay
