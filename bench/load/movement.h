#pragma once
// Every player's walk and when it sends its next step; what it has beside its own entity follows it. One thread.

#include <cstdint>
#include <functional>
#include <vector>

#include "bench/load/crowd.h"
#include "bench/load/schedule.h"
#include "bench/load/walk.h"

namespace tickrelay::bench {

class Movement {
 public:
  struct Step {
    std::uint32_t player;
    const Placement& placement;
    std::int64_t intended_ns;
    Connection::Sent sent;
  };

  // entities: of each player, at most update_actions_max. still: beside them, spawned with the first steps, never moved.
  Movement(std::uint32_t players, std::uint32_t entities, std::uint32_t still, std::uint32_t rate_hz);

  void start(std::int64_t now_ns) { schedule_.start(now_ns); }
  // Sets the entities of all whose turn has come; who has no seat misses its turn.
  void advance(Crowd& crowd, std::int64_t now_ns, const std::function<void(const Step&)>& on_step);

 private:
  // Fills `actions_` with what the player's entities do, the seat's first; those that there are not yet are spawned.
  void add_still(Client& client, std::uint32_t player, std::uint16_t component);
  void compose(Client& client, std::uint32_t player, std::uint16_t component, const Placement& placement);

  Schedule schedule_;
  std::vector<Walk> walks_;  // by player
  std::uint32_t followers_, still_;
  std::vector<std::vector<std::uint32_t>> follow_;  // by player: entities
  std::vector<ActionWish> actions_;
  std::vector<std::uint32_t> still_spawned_;        // by player
  std::vector<Placement> placements_;
};

}  // namespace tickrelay::bench
