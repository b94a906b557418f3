#pragma once
// From a player's input to what another player's copy shows: players that send just before the relay's tick beside players that send
// at whatever phase they have, in one room, at the same time.

#include <cstdint>
#include <string>

#include "bench/load/histogram.h"

namespace tickrelay::bench {

struct PhaseOptions {
  std::uint32_t players = 8;  // half of them aligned; and one who watches
  std::uint32_t rate_hz = 20;
  std::int64_t duration_ns = 20'000'000'000;
  std::int64_t frame_ns = 0;   // they poll like a game of this frame time; 0: when there is something to do
  std::int64_t delay_ns = -1;  // one way, over a link in namespaces of its own; negative: loopback
  std::string program = "tickrelay";
};

struct PhaseSide {
  Histogram latency;  // from the call of set until the watcher's copy is as new
  Histogram early;    // before its tick, as the relay told
  std::uint64_t sent = 0, replaced = 0;  // by the next one, in the same tick: the one before came too late for its own
};

struct PhaseRun {
  PhaseSide aligned, unaligned;
};

// Throws NoLink where there can be no link, std::runtime_error where something else fails.
PhaseRun run_phase(const PhaseOptions& options);

}  // namespace tickrelay::bench
