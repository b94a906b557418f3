#pragma once
// One connection of the floor, owned by it.

#include <cstdint>
#include <vector>

#include "bench/floor/floor.h"

namespace tickrelay::bench {

struct Floor::Peer {
  int socket = -1;
  bool upgraded = false;
  bool wants_whole = true;
  FloorRoom* room = nullptr;
  std::uint32_t entity = 0;
  std::vector<std::uint8_t> partial;  // read, not yet a whole frame
  std::vector<std::uint8_t> unsent;   // rest of a frame of which the socket took a part
};

}  // namespace tickrelay::bench
