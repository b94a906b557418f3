#pragma once
// What a round's window cost: processor time and memory of the relays and the nats-server, what they published, how old their mirrors were.
// Called on the load's thread; what it reads of /metrics it reads on others.

#include <array>
#include <cstdint>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "bench/fleet/spectators.h"
#include "bench/fleet/watched_fleet.h"
#include "bench/load/report.h"
#include "bench/load/run.h"

namespace tickrelay::bench {

class Onlooker final : public Beside {
 public:
  // Both must outlive it.
  Onlooker(WatchedFleet& fleet, const std::vector<std::unique_ptr<Spectators>>& spectators) : fleet_(fleet), spectators_(spectators) {}

  void opened(std::int64_t begin_ns, std::int64_t end_ns) override;
  void closed() override;

  // REQUIRES: closed. Once.
  Json relays();  // the room's first
  Json machine() const;

 private:
  using Readings = std::array<std::future<ServerReading>, WatchedFleet::nodes_count>;

  void sample_ages(const std::stop_token& stop);
  Json relay(std::size_t number, const ServerReading& before, const ServerReading& after) const;

  WatchedFleet& fleet_;
  const std::vector<std::unique_ptr<Spectators>>& spectators_;
  double window_s_ = 0;
  Readings before_, after_;
  std::int64_t busy_ns_ = 0, nats_ns_ = 0;
  std::array<std::vector<double>, WatchedFleet::nodes_count> ages_s_;  // the sampling thread's until it is joined
  std::jthread sampling_;                                              // last: it uses the others
};

}  // namespace tickrelay::bench
