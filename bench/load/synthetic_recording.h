#pragma once
// Recordings made from a seed, for tests and benchmarks where no real ones are at hand: bodies that glide, turn, rest
// and are pushed again, and visitors that come and go.

#include <cstdint>
#include <vector>

namespace tickrelay::bench {

struct SyntheticOptions {
  std::uint64_t seed = 1;
  std::uint32_t bodies = 40;   // there all the time
  std::uint32_t visitors = 8;  // at once, about; each stays for some seconds
  std::uint32_t ticks = 300;
  float hz = 30;
};

// The bytes of a .gsr.
std::vector<std::uint8_t> synthetic_recording(const SyntheticOptions& options);

}  // namespace tickrelay::bench
