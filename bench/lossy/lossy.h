#pragma once
// The whole measurement: a relay at the near end of a lossy link, players at the far end.

#include "bench/lossy/lossy_link.h"
#include "bench/lossy/players.h"

namespace tickrelay::bench {

struct LossyOptions {
  LossyLink::Options link;
  PlayersOptions players;  // without url
  std::string program = "tickrelay";
  std::string codec = "packed";
};

struct LossyRun {
  BothAges ages;
  LossyLink::Counts packets;
  std::string congestion;
};

// Throws NoLink where there can be no link, std::runtime_error where something else fails.
LossyRun run_lossy(const LossyOptions& options);

}  // namespace tickrelay::bench
