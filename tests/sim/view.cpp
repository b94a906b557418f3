#include "view.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "truth.h"

namespace tickrelay::sim {

namespace {

bool locate(const World& world, EntityId id, std::array<double, 3>& at) {
  for (ComponentIndex c = first_schema_component; c < world.layout().components().size(); ++c) {
    std::size_t axis = 0;
    const auto value = world.get(id, c);
    for (const Field& field : world.layout().component(c).fields) {
      if (!field.has(FieldFlags::Position) || value.empty() || axis == 3) continue;
      float x;
      std::memcpy(&x, value.data() + field.offset, sizeof x);
      at[axis++] = x;
    }
    if (axis != 0) return true;
  }
  return false;
}

}  // namespace

std::shared_ptr<const Snapshot> Snapshot::of(const Room& room) {
  auto made = std::make_shared<Snapshot>();
  const World& world = room.world();
  made->radius = room.settings().view_radius;
  made->cell = room.settings().view_cell > 0 ? room.settings().view_cell : made->radius * 3 / 4;
  for (const EntityId id : world.entities().ids()) {
    Thing& thing = made->things[id];
    thing.owner = world.owner(id);
    thing.common = id == 0 || world.has(id, player_component);
    thing.located = !thing.common && made->cell > 0 && locate(world, id, thing.at);
    if (thing.located) made->homes[thing.owner].push_back(thing.at);
    if (const Visibility* visibility = room.visibilities().of(id); visibility != nullptr && !thing.common) thing.visibility = *visibility;
    for (std::size_t c = 0; c < world.layout().components().size(); ++c)
      if (world.has(id, static_cast<ComponentIndex>(c))) thing.hash += value_hash(id, c, world.get(id, static_cast<ComponentIndex>(c)));
  }
  for (const auto& seat : room.seats()) made->people[seat->number] = {seat->role, seat->team, seat->looks_from};
  return made;
}

bool Snapshot::allowed(const Thing& thing, PlayerNumber player, const Person& person) const {
  if (person.role == wire::Role::Authority || thing.visibility.by == SeenBy::everyone) return true;
  if (person.role == wire::Role::Spectator) return false;
  if (thing.owner == player) return true;
  if (thing.visibility.by == SeenBy::players) return std::ranges::find(thing.visibility.players, player) != thing.visibility.players.end();
  if (thing.visibility.by != SeenBy::team || thing.owner == 0) return false;
  const auto owner = people.find(thing.owner);
  return owner != people.end() && owner->second.team != 0 && owner->second.team == person.team;
}

Snapshot::Places Snapshot::stands(PlayerNumber player, const Person& person) const {
  if (person.looks_from) return {{(*person.looks_from)[0], (*person.looks_from)[1], (*person.looks_from)[2]}};
  const auto home = homes.find(player);
  return home == homes.end() ? Places() : home->second;
}

bool Snapshot::near(const Thing& thing, const Person& person, const Places& from, double within) const {
  if (!thing.located || radius <= 0 || person.role != wire::Role::Player) return true;
  return std::ranges::any_of(from, [&](const auto& at) {
    double sum = 0;
    for (std::size_t i = 0; i < 3; ++i) sum += (thing.at[i] - at[i]) * (thing.at[i] - at[i]);
    return std::sqrt(sum) <= within;
  });
}

std::string Snapshot::fault(const Mirror& mirror, PlayerNumber player, bool complete) const {
  const auto found = people.find(player);
  if (found == people.end()) return "a frame for one who has no seat";
  const Person& person = found->second;
  const Places from = stands(player, person);
  // A cell comes into view whole, and leaves it a little further out; so do the places of who looks.
  const double outer = radius * 1.1 + cell * (0.125 + 2.25 * std::sqrt(3.0)) + 1e-3;
  const auto sees = [&](const Thing& thing, double within) {
    const bool own = thing.owner == player && person.role != wire::Role::Spectator;
    return own || (allowed(thing, player, person) && near(thing, person, from, within));
  };
  // What shares a chunk with an entity of one's own comes with it, wherever one looks from.
  Person at_home = person;
  at_home.looks_from.reset();
  const Places homes = stands(player, at_home);
  const auto may_see = [&](const Thing& thing) {
    return sees(thing, outer) || (allowed(thing, player, person) && near(thing, at_home, homes, cell * 1.25 * std::sqrt(3.0) + 1e-3));
  };
  for (const std::uint32_t id : mirror.told()) {
    const auto thing = things.find(id);
    if (thing == things.end()) return "values of entity " + std::to_string(id) + ", which is not there";
    if (!may_see(thing->second)) return "values of entity " + std::to_string(id) + ", which is not for player " + std::to_string(player);
  }
  if (!complete) return {};
  for (const auto& [id, values] : mirror.entities()) {
    const auto thing = things.find(id);
    if (thing == things.end() || !may_see(thing->second)) return "entity " + std::to_string(id) + " is a ghost";
    std::uint64_t hash = 0;
    for (const Mirror::Value& value : values) hash += value.hash;
    if (hash != thing->second.hash) return "entity " + std::to_string(id) + " is not what it is in the room";
  }
  for (const auto& [id, thing] : things)
    if (sees(thing, radius) && !mirror.entities().contains(id)) return "entity " + std::to_string(id) + " is missing in the view";
  return {};
}

}  // namespace tickrelay::sim
