// Which chunk of a room with views each entity was last told of with (PROTOCOL.md, "Views"). Within a frame an entity may go from one
// chunk to another: who is to go is known only at the frame's end. Owned by the Mirror.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

class ChunkMembers {
 public:
  using Chunk = std::uint32_t;

  void put(Chunk chunk, EntityId entity) {
    chunk_of_[entity] = chunk;
    leaving_.erase(entity);
  }
  // Where it is not another chunk's by now.
  void leave(Chunk chunk, EntityId entity) {
    const auto found = chunk_of_.find(entity);
    if (found != chunk_of_.end() && found->second == chunk) leaving_[entity] = chunk;
  }
  void leave_all(Chunk chunk) {
    for (const auto& [entity, of] : chunk_of_)
      if (of == chunk) leaving_[entity] = chunk;
  }
  void leave_everything() {
    for (const auto& [entity, of] : chunk_of_) leaving_[entity] = of;
  }
  // At the end of a frame: who is gone. Forgets them.
  [[nodiscard]] std::vector<EntityId> take_gone() {
    std::vector<EntityId> gone;
    for (const auto& [entity, chunk] : std::exchange(leaving_, {})) {
      chunk_of_.erase(entity);
      gone.push_back(entity);
    }
    return gone;
  }
  void clear() { chunk_of_.clear(), leaving_.clear(); }

 private:
  std::unordered_map<EntityId, Chunk> chunk_of_;
  std::unordered_map<EntityId, Chunk> leaving_;
};

}  // namespace sdk
}  // namespace tickrelay
