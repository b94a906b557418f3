// What each player of a room with views must see, and what it may see, by what really is there: written from the design's rule 14 and
// the settings' meaning, without the grid. Between the two lies what is near the border.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mirror.h"
#include "relay/core/room.h"

namespace tickrelay::sim {

struct Snapshot {
  struct Thing {
    std::uint64_t hash = 0;  // over its values
    PlayerNumber owner = 0;
    bool common = false;
    bool located = false;
    std::array<double, 3> at{};
    Visibility visibility;
  };
  struct Person {
    wire::Role role{};
    std::uint32_t team = 0;
    std::optional<Point> looks_from;
  };
  double radius = 0, cell = 0;
  std::map<EntityId, Thing> things;
  std::map<PlayerNumber, Person> people;
  std::map<PlayerNumber, std::vector<std::array<double, 3>>> homes;  // where a player's things are

  static std::shared_ptr<const Snapshot> of(const Room& room);
  // Why the copy is not this player's view; empty where it is. `complete`: nothing in view is older.
  [[nodiscard]] std::string fault(const Mirror& mirror, PlayerNumber player, bool complete) const;

 private:
  using Places = std::vector<std::array<double, 3>>;

  [[nodiscard]] bool allowed(const Thing& thing, PlayerNumber player, const Person& person) const;
  [[nodiscard]] Places stands(PlayerNumber player, const Person& person) const;
  // Whether the thing is so near to one of these; always where places do not count.
  [[nodiscard]] bool near(const Thing& thing, const Person& person, const Places& from, double within) const;
};

}  // namespace tickrelay::sim
