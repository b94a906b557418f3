// Memory that the relay asks for in its turns: counted, and refused where the simulation says so. The simulator's programs replace
// operator new for it. One thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tickrelay::sim {

struct Memory {
  static inline bool counts = false;
  static inline std::int64_t live_bytes = 0;  // asked for in the relay's turns and not given back
  static inline std::int64_t live_pieces = 0;
  static inline std::uint32_t refuse_in = 0;  // so many requests on, one is refused; 0: none
};

// While it lives, it is the relay's turn, or the simulator's own again.
class Turn {
 public:
  explicit Turn(bool relays) : before_(Memory::counts) { Memory::counts = relays; }
  ~Turn() { Memory::counts = before_; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  bool before_;
};

}  // namespace tickrelay::sim
