#pragma once
// A fleet under a day's load, in simulated time: relay/fleet's Directory decides, for each node with what that node was told, where rooms go,
// who is over and who takes up whose rooms; JetStream is a map with compare-and-set. What a room or a write costs is the plan's.
//
// Every node has a Directory that hears all nodes' beats, and places with it. Two of them hear of every room, too, for what that costs; when
// nodes fail, all who live get one that knows the rooms which are to be taken up.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "bench/fleet/plan.h"
#include "relay/fleet/directory.h"

namespace tickrelay::bench {

struct FleetSample {  // of one moment
  double hour = 0;
  double players = 0;
  std::size_t nodes = 0;         // that take rooms
  double load = 0;               // of all, 1: their headroom is 0
  double load_min = 0, load_p99 = 0, load_max = 0;
};

struct FleetRecovery {
  FleetTrouble::Kind kind = FleetTrouble::Kind::crash;
  double hour = 0;
  std::size_t nodes = 0, rooms = 0;                       // lost
  double noticed_s = 0;                                   // the first node is declared over
  double half_s = 0, most_s = 0, all_s = 0;               // 50, 99 and 100 % of their rooms tick again
  double load_after = 0, overloaded_s = 0;                // of those that live; for how long the fleet was above 1
  double late_s = 0;                                      // leader: the longest that a new room waited
};

struct FleetReport {
  std::vector<FleetSample> samples;
  std::vector<FleetRecovery> recoveries;
  std::uint64_t rooms_made = 0, rooms_moved = 0, rooms_overloaded = 0;  // overloaded: placed on a node that had no headroom
  double seconds = 0;                              // simulated
  std::uint64_t claims = 0, removals = 0, beats = 0, deliveries = 0;  // writes, and what watches told
  double writes_most = 0, rooms_most = 0, nodes_most = 0;             // a second; at once
  // Of one node's Directory that knows all rooms.
  std::size_t directory_rooms = 0, directory_checked = 0;
  double directory_bytes_a_room = 0;
  double news_ns = 0, step_us = 0, place_ns = 0;   // a room's news; a look every 50 ms; a placement
};

class SimulatedFleet {
 public:
  explicit SimulatedFleet(FleetPlan plan);
  ~SimulatedFleet();
  FleetReport run(const std::function<void(const FleetSample&)>& progress);

 private:
  struct Node;
  struct Room;
  struct Recovery;
  struct Todo {
    std::int64_t at_ns = 0;
    std::uint64_t number = 0;
    std::function<void()> what;
    bool operator<(const Todo& other) const { return at_ns != other.at_ns ? at_ns > other.at_ns : number > other.number; }
  };
  struct Entry {
    NodeEntry entry;
    std::uint64_t revision = 0;
  };

  void later(std::int64_t delay_ns, std::function<void()> what);
  double wanted_players(std::int64_t at_ns) const;
  double uniform() { return std::uniform_real_distribution<double>()(random_); }

  // ---- the engine
  [[nodiscard]] bool writable() const { return now_ns_ >= leaderless_until_ns_; }
  std::uint64_t put_node(const Node& of, const NodeEntry& entry, std::uint64_t expected);  // 0: a conflict
  void tell_node(const std::string& name);
  void tell_room(const std::string& id, bool gone);

  // ---- nodes
  Node& start_node(bool at_once);
  void beat(Node& node);
  void scale();
  void drain(Node& node);
  void move_next(Node& node);
  void end_node(Node& node);
  [[nodiscard]] double load() const;  // of those that take rooms; 1: no headroom

  // ---- rooms
  void fill();
  void make_room(std::int64_t since_ns);
  void give(const std::string& id, Node& to);
  void end_room(const std::string& id);

  // ---- troubles
  void befall(const FleetTrouble& trouble);
  void begin_recovery(const std::set<Node*>& lost, bool refuses);
  void step_recovery();
  void bury(const Directory& directory, Node& node);
  void take_up_next(Node& node);
  void ticks_again(const std::string& id);

  void sample();
  void measure_directory();

  FleetPlan plan_;
  FleetReport report_;
  std::mt19937_64 random_;
  std::int64_t now_ns_ = 0, end_ns_ = 0, leaderless_until_ns_ = 0;
  std::uint64_t numbers_ = 0, revisions_ = 0, names_ = 0, room_numbers_ = 0;
  std::priority_queue<Todo> todo_;
  std::deque<std::size_t> free_names_;
  std::map<std::string, Entry> node_keys_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::string, Node*> by_name_;
  std::map<std::string, Room> rooms_;
  std::vector<Node*> living_;
  std::size_t rooms_coming_ = 0;
  std::unique_ptr<Recovery> recovery_;
  std::int64_t quiet_since_ns_ = 0, seen_ns_ = 0;  // seen: the last trouble
  std::uint64_t writes_before_ = 0;
};

}  // namespace tickrelay::bench
