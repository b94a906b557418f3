#include "bench/load/movement.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tickrelay::bench {
namespace {

constexpr std::uint64_t all_fields = 0x0f;
constexpr double following_m = 2;

// Around the one it follows, evenly.
Placement beside(const Placement& leader, std::uint32_t which, std::uint32_t of, const std::vector<Field>& fields) {
  const double angle = 2 * std::numbers::pi * which / of;
  return {quantise(fields[0], static_cast<float>(leader[0] + following_m * std::cos(angle))),
          quantise(fields[1], static_cast<float>(leader[1] + following_m * std::sin(angle))), leader[2], leader[3]};
}

}  // namespace

Movement::Movement(std::uint32_t players, std::uint32_t entities, std::uint32_t rate_hz)
    : schedule_(players, rate_hz), followers_(entities - 1), follow_(players), placements_(entities) {
  for (std::uint32_t player = 0; player < players; ++player) walks_.emplace_back(player + 1, 1.0 / rate_hz);
}

void Movement::advance(Crowd& crowd, std::int64_t now_ns, const std::function<void(const Step&)>& on_step) {
  while (const auto turn = schedule_.next(now_ns)) {
    Client& client = crowd[turn->player];
    if (!client.seated()) continue;
    const auto component = client.seat().layout->find("bench.Transform");
    if (!component) continue;
    const Placement& placement = walks_[turn->player].step(client.seat().layout->components[*component].fields);
    compose(client, turn->player, *component, placement);
    const Connection::Sent sent = client.act(actions_);
    on_step({turn->player, placement, turn->intended_ns, sent});
  }
}

void Movement::compose(Client& client, std::uint32_t player, std::uint16_t component, const Placement& placement) {
  actions_.clear();
  const auto act = [&](wire::ActionKind kind, std::uint32_t entity, const Placement& values) {
    ActionWish& action = actions_.emplace_back();
    action.kind = kind;
    action.component = component;
    action.entity = entity;
    action.mask = all_fields;
    action.data = {reinterpret_cast<const std::uint8_t*>(values.data()), sizeof values};
  };
  act(wire::ActionKind::Set, client.seat().entity, placement);
  std::vector<std::uint32_t>& entities = follow_[player];
  for (std::uint32_t i = 0; i < followers_; ++i) {
    placements_[i] = beside(placement, i, followers_, client.seat().layout->components[component].fields);
    if (i < entities.size()) {
      act(wire::ActionKind::Set, entities[i], placements_[i]);
    } else if (const auto id = client.take_id()) {
      entities.push_back(*id);
      act(wire::ActionKind::Spawn, *id, placements_[i]);
    } else {
      break;  // a further block of ids comes
    }
  }
}

}  // namespace tickrelay::bench
