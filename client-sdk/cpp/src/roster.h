// Who is in the room, from the Player components; and who left, with the reason that an event brings a little later.
// Owned by a Session.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "mirror.h"
#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

class Roster {
 public:
  using Joined = std::function<void(const Player&)>;
  using Left = std::function<void(const Player&, const std::string& reason)>;

  // REQUIRES: the Mirror watches player_component.
  void apply(const std::vector<MirrorChange>& changes, const Mirror& mirror, std::int64_t now_us, const Joined& joined);
  void left(PlayerNumber number, const std::string& reason, const Left& call);
  // Whose event did not come within a second (it was lost): they left all the same.
  void step(std::int64_t now_us, const Left& call);
  void clear() { seats_.clear(); }

  [[nodiscard]] std::vector<Player> players() const;

 private:
  struct Seat {
    Player player;
    EntityId carrier = 0;  // the entity with its component
    bool told_joined = false;
    bool told_left = false;
    std::int64_t gone_us = 0;  // not 0: its component is gone since
  };
  std::map<PlayerNumber, Seat> seats_;
};

}  // namespace sdk
}  // namespace tickrelay
