#pragma once
// Two relays on one nats-server, on loopback, and one room that is watched. All are gone when this object goes. One thread.

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "bench/load/server.h"
#include "bench/load/server_process.h"

namespace tickrelay::bench {

struct WatchedFleetOptions {
  std::uint32_t players = 10, rate_hz = 30;
  std::string relay_program = "tickrelay", nats_program = "nats-server";  // a path; or a name beside this program, and in PATH
};

class WatchedFleet {
 public:
  static constexpr std::size_t nodes_count = 2;

  // Throws std::runtime_error where it does not come up.
  explicit WatchedFleet(const WatchedFleetOptions& options);

  const std::string& room_id() const { return room_id_; }
  // The room is at node 0 of these, whatever that one's name.
  Server& node(std::size_t number) { return *nodes_[number].server; }
  const std::string& name(std::size_t number) const { return nodes_[number].name; }
  pid_t nats_process() const { return nats_.process(); }

  // Until nothing is published and no mirror is left of those who watched before. Throws std::runtime_error where that does not come.
  void wait_until_unwatched();

 private:
  struct Node {
    std::string name;
    std::unique_ptr<Server> server;
  };

  void wait_until_met();
  void spawn_room();

  ServerProcess nats_;  // first: the relays go before it
  std::array<Node, nodes_count> nodes_;
  std::string room_id_;
};

}  // namespace tickrelay::bench
