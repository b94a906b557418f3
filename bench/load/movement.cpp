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

Movement::Movement(std::uint32_t players, std::uint32_t entities, std::uint32_t still, std::uint32_t rate_hz)
    : schedule_(players, rate_hz), followers_(entities - 1), still_(still), follow_(players), still_spawned_(players), placements_(update_actions_max) {
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
  if (still_spawned_[player] < still_) add_still(client, player, component);
}

// As many as the message holds.
void Movement::add_still(Client& client, std::uint32_t player, std::uint16_t component) {
  for (std::size_t i = actions_.size(); i < update_actions_max && still_spawned_[player] < still_; ++i) {
    const auto id = client.take_id();
    if (!id) return;
    const std::uint32_t number = ++still_spawned_[player];
    placements_[i] = {static_cast<float>(number % 64), static_cast<float>(number / 64), static_cast<float>(player), 0};
    actions_.push_back({.kind = wire::ActionKind::Spawn,
                        .component = component,
                        .entity = *id,
                        .mask = all_fields,
                        .data = {reinterpret_cast<const std::uint8_t*>(placements_[i].data()), sizeof(Placement)}});
  }
}

}  // namespace tickrelay::bench
