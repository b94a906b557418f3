#pragma once
// Players of the SDK at the far end of a lossy link, half of them with a loss shield, all in one room at the same time:
// how old is what they see?

#include <cstdint>
#include <string>

#include "bench/load/histogram.h"

namespace tickrelay::bench {

struct PlayersOptions {
  std::string url;
  std::uint32_t players = 8;  // half of them shielded
  std::uint32_t rate_hz = 20;
  std::int64_t duration_ns = 20'000'000'000;
};

struct Ages {
  Histogram arrival;  // of each frame that was applied, when it was
  Histogram sampled;  // of the newest tick a player has, every 10 ms
  std::uint64_t frames = 0, copies = 0, shielded = 0, drops = 0;
  std::uint64_t bytes_received = 0;
};

struct BothAges {
  Ages bare, shielded;
};

// Throws std::runtime_error where the players do not get into the room.
BothAges play(const PlayersOptions& options);

}  // namespace tickrelay::bench
