#pragma once
// What spectators cost a room's players: one room on a fleet of two relays, played in turn without spectators and with them, half of them at
// each node.

#include <cstdint>
#include <functional>

#include "bench/fleet/watched_fleet.h"
#include "bench/load/report.h"

namespace tickrelay::bench {

struct WatchOptions {
  WatchedFleetOptions fleet{};
  std::uint32_t spectators = 5'000;
  std::int64_t duration_ns = 20'000'000'000;  // of a round's window
  std::uint32_t pairs = 3;                    // of rounds: without, with
};

// {"machine", "config", "rounds", "figures", "memory_kib_per_spectator"}; told: each round as it is over. Throws std::runtime_error where the load
// could not be put on.
Json measure_watch(const WatchOptions& options, const std::function<void(const Json& round)>& told);

}  // namespace tickrelay::bench
