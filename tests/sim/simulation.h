// A relay of real loops and workers, step by step on one thread and a simulated clock, with clients on simulated lines.
// Everything comes from the seed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client.h"
#include "relay/run/loop.h"
#include "relay/run/worker.h"

namespace tickrelay::sim {

struct Saved;

struct Outcome {
  Tally tally;
  std::string broken;  // empty: every rule held
  std::int64_t at_ns = 0;
};

struct Plan {
  std::uint64_t seed = 1;
  bool verbose = false;
  std::int64_t busy_ns = 14 * second;  // of faults
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

  // ---- restart.cpp
  void start_relay();
  void keep_checkpoints();
  void crash();
  void hand_over();
  void restore(const std::string& id, Saved& saved, bool lost);
  void start_burning();
  void burn(const Room& room);
  // ---- simulation.cpp
  void step();
  void step_relay();
  void check_relay();
  void check_load(const WorkerSide& side) const;
  void check_end();
  void settle(std::int64_t for_ns);
  [[nodiscard]] std::string describe(const Client& client) const;
  [[nodiscard]] const Room* room_of(const Client& client) const;  // null where it is in none that can be checked
  [[nodiscard]] std::string lacks(const Client& client) const;
  void expect_present(std::int64_t within_ns);
  // ---- trouble.cpp
  void make_types();
  void add_client();
  Habits random_habits();
  Quality random_quality();
  void trouble();
  void trouble_client(Client& client);
  void trouble_shield(Client& client);
  void trouble_relay();
  void reconnect(Client& client);
  void heal();
  void prepare(Client& client);
  FakeSockets& sockets_of(const Client& client);

  Plan plan_;
  Random random_;
  Tally tally_;
  mutable Truth truth_;
  std::int64_t now_ns_ = 5 * second;
  std::int64_t last_trouble_ns_ = 0;
  bool troubled_ = true;
  std::vector<RoomSettings> types_;
  std::unique_ptr<Lobby> lobby_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Door> door_;
  std::vector<std::unique_ptr<LoopSide>> loops_;
  std::vector<std::unique_ptr<WorkerSide>> workers_;
  std::vector<LoopPort*> loop_ports_;
  std::vector<WorkerPort*> worker_ports_;
  struct Player {
    std::unique_ptr<Client> client;
    std::size_t loop = 0;
    std::int64_t join_at_ns = 0;  // its next try
    bool gives_up = false;        // does not come back
  };
  std::vector<Player> players_;
  std::size_t clients_wanted_ = 20;
  bool crashes_ = false;  // in this seed
  std::string burning_;   // the room whose logic takes long
  std::int64_t burns_until_ns_ = 0;
  std::int64_t next_checkpoint_ns_ = 0;
};

}  // namespace tickrelay::sim
