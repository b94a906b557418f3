// A relay of real loops and workers, step by step on one thread and a simulated clock, with clients on simulated lines.
// Everything comes from the seed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client.h"
#include "entrance.h"
#include "relay/options.h"
#include "relay/run/loop.h"
#include "relay/run/worker.h"

namespace tickrelay::sim {

class Papers;
struct Saved;

struct Outcome {
  Tally tally;
  std::string broken;  // empty: every rule held
  std::int64_t at_ns = 0;
};

struct Plan {
  std::uint64_t seed = 1;
  bool verbose = false;
};

class Simulation {
 public:
  explicit Simulation(const Plan& plan);
  ~Simulation();
  Outcome run();

 private:
  struct Flag final : Wakeable {
    void wake() override { up = true; }
    bool up = false;
  };
  struct LoopSide {
    LoopPort port{64};
    Flag flag;
    StatsShard stats;
    std::unique_ptr<FakeSockets> sockets;
    std::unique_ptr<Loop> loop;
    std::int64_t next_ns = 0;
    std::int64_t stalled_until_ns = 0;
  };
  struct WorkerSide {
    WorkerPort port{64};
    Flag flag;
    std::int64_t burned_ns = 0;  // by logics, in this step
    StatsShard stats;
    std::unique_ptr<Worker> worker;
    std::int64_t next_ns = 0;
    std::int64_t stalled_until_ns = 0;
  };
  struct Listener;  // Journal
  struct Door;      // Gate
  struct Shelf;     // Keeper

  // ---- restart.cpp
  void start_relay();
  void keep_checkpoints();
  void crash();
  void hand_over();
  void restore(const std::string& id, Saved& saved, bool lost);
  void make_shelf();
  void keep_saved(const std::string& id, Saved& saved);
  [[nodiscard]] const Worker::Place& place_of(const RoomRecord& record) const;
  void start_burning();
  void burn(const Room& room);
  void post_place(const RoomRecordPointer& record);
  // ---- counts.cpp
  void check_counts();
  void check_memory();
  // ---- simulation.cpp
  void step();
  void step_relay();
  void check_relay();
  void check_load(const WorkerSide& side) const;
  void check_bans(const WorkerSide& side) const;
  void check_end();
  void settle(std::int64_t for_ns);
  [[nodiscard]] std::string describe(const Client& client) const;
  [[nodiscard]] const Room* room_of(const Client& client) const;  // null where it is in none that can be checked
  [[nodiscard]] std::string lacks(const Client& client) const;
  void expect_present(std::int64_t within_ns);
  [[nodiscard]] std::int64_t wall_s() const { return (now_ns_ + wall_offset_ns_) / second; }
  // ---- players.cpp
  void make_types();
  void make_quotas();
  void add_client();
  bool show_ticket(Client& client);
  WirePointer connect(const Client& client, std::size_t loop);
  Habits random_habits();
  Quality random_quality();
  void reconnect(Client& client);
  void prepare(Client& client);
  FakeSockets& sockets_of(const Client& client);
  // ---- trouble.cpp
  void trouble();
  void ban_somebody();
  void trouble_client(Client& client);
  void trouble_shield(Client& client);
  void trouble_relay();
  void heal();

  Plan plan_;
  bool crowded_;  // a seed of many players and much time; the others are small, and more of them fit a minute
  std::int64_t busy_ns_;  // of faults
  Random random_;
  Tally tally_;
  mutable Truth truth_;
  std::int64_t now_ns_ = 5 * second;
  std::int64_t wall_offset_ns_ = 1'700'000'000 * second;
  std::int64_t last_trouble_ns_ = 0;
  bool troubled_ = true;
  std::vector<RoomSettings> types_;
  Options options_;
  std::unique_ptr<Papers> papers_;
  std::unique_ptr<StatsShard> acceptor_stats_;
  std::unique_ptr<Lobby> lobby_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Door> door_;
  std::unique_ptr<Entrance> entrance_;
  std::unique_ptr<Shelf> shelf_;  // where workers keep their rooms by themselves; null: keep_checkpoints() asks for them
  std::vector<std::unique_ptr<LoopSide>> loops_;
  std::vector<std::unique_ptr<WorkerSide>> workers_;
  std::vector<LoopPort*> loop_ports_;
  std::vector<WorkerPort*> worker_ports_;
  struct Player {
    std::unique_ptr<Client> client;
    std::size_t loop = 0;
    Entrance::Way way;
    std::int64_t join_at_ns = 0;  // its next try
    bool gives_up = false;        // does not come back
  };
  std::vector<Player> players_;
  std::size_t clients_wanted_ = 20;
  bool crashes_ = false;  // in this seed
  std::string burning_;   // the room whose logic takes long
  std::int64_t burns_until_ns_ = 0;
  std::int64_t next_checkpoint_ns_ = 0;
  std::int64_t keep_interval_ns_ = 0;
  std::int64_t next_count_ns_ = 0;
  std::int64_t rooms_most_ = 0, things_most_ = 0, seats_most_ = 0;  // of this relay
};

}  // namespace tickrelay::sim
