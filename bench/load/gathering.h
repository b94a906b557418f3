#pragma once
// Fills the rooms: the first player of each makes it (or it exists already), the others join it by its id; a bounded
// number of joins is under way at once. Client n belongs to room n / players. One thread.

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "bench/load/crowd.h"

namespace tickrelay::bench {

struct GatheringOptions {
  std::uint32_t rooms = 1, players = 1;
  std::string type = "bench";
  std::vector<std::string> room_ids{};  // of rooms that exist already; empty: clients create them
  std::string player_prefix = "bench";
};

class Gathering {
 public:
  Gathering(Crowd& crowd, GatheringOptions options);

  // The crowd's events are passed on to these.
  void on_seated(Client& client);
  void on_closed(const Client& client, int code, const std::string& reason);

  // Starts as many joins as may be under way.
  void advance();

  bool complete() const { return seated_ == options_.rooms * options_.players; }
  std::uint32_t seated() const { return seated_; }
  // "" while all is well.
  const std::string& failure() const { return failure_; }

 private:
  static constexpr std::uint32_t under_way_max = 128;

  void invite_others(std::uint32_t room);

  Crowd& crowd_;
  GatheringOptions options_;
  std::deque<std::uint32_t> waiting_;  // client numbers whose room is known or theirs to make
  std::vector<std::string> room_ids_;
  std::uint32_t under_way_ = 0, seated_ = 0;
  std::string failure_;
};

}  // namespace tickrelay::bench
