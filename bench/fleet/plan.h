#pragma once
// What a simulated fleet is made of and what befalls it.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tickrelay::bench {

constexpr std::int64_t fleet_ms = 1'000'000;
constexpr std::int64_t fleet_second = 1'000 * fleet_ms;

struct FleetTrouble {
  enum class Kind : std::uint8_t {
    crash,   // one node's process: its address refuses connections
    power,   // one node's machine: nothing answers
    region,  // a third of all machines at once: nothing answers
    leader   // JetStream elects another leader: nothing is written meanwhile
  };
  Kind kind = Kind::crash;
  std::int64_t at_ns = 0;
};
const char* name_of(FleetTrouble::Kind kind);

struct FleetPlan {
  std::uint64_t seed = 1;
  double players_peak = 1'000'000;
  double players_per_room = 10;
  double night = 0.3;              // the quietest hour's share of the peak
  double match_s = 900;            // on average; each lasts half to one and a half of it
  double hours = 24;               // of one day's curve, from its quietest hour
  std::uint32_t rooms_per_node = 2'400;  // average rooms at which a node's headroom is 0
  double load_most = 0.75;         // above it nodes are started, for the whole fleet
  double load_least = 0.55;        // below it, for five minutes, one is drained
  double start_s = 60;             // until a node that was started takes rooms

  // Measured (see README.md of this folder).
  std::int64_t write_ns = 800'000;         // a compare-and-set in a bucket with three replicas
  std::int64_t news_ns = 300'000;          // until a watch tells of it
  std::int64_t take_up_ns = 4 * fleet_ms;  // a node takes a room up: checkpoint read, room made, claim written; one after another
  std::int64_t election_ns = 4'500 * fleet_ms;
  double checkpoint_s = 1;                 // of each room
  double checkpoint_bytes = 2'500;

  std::vector<FleetTrouble> troubles;
};

}  // namespace tickrelay::bench
