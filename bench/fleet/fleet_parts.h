#pragma once
// What simulated_fleet.cpp and fleet_troubles.cpp share. For those two alone.

#include "bench/fleet/simulated_fleet.h"

namespace tickrelay::bench {

inline double seconds_of(std::int64_t ns) { return static_cast<double>(ns) / 1e9; }

struct SimulatedFleet::Node {
  std::string name, incarnation;
  std::size_t region = 0, number = 0;
  std::unique_ptr<Directory> directory;
  NodeEntry entry;
  std::uint64_t revision = 0;
  std::int64_t renewed_ns = 0;
  bool starting = true, draining = false, dead = false, refuses = false, over = false;
  bool hears_rooms = false;
  double load = 0;  // 1: no headroom
  std::set<std::string> rooms;
  std::deque<std::string> to_take_up;
  std::set<std::string> taking_up;  // likewise, for a look

  [[nodiscard]] bool lives() const { return !starting && !dead && !over; }
};

struct SimulatedFleet::Room {
  Node* owner = nullptr;
  RoomClaim claim;
  std::uint64_t revision = 0;
  double cost = 0;
};

struct SimulatedFleet::Recovery {
  FleetRecovery report;
  std::int64_t from_ns = 0;
  std::set<Node*> nodes;
  std::set<std::string> rooms;      // all that were lost: what nodes were told of them is taken back at the end
  std::set<std::string> missing;
  std::int64_t probe_due_ns = 0;
  bool done = false;
};

}  // namespace tickrelay::bench
