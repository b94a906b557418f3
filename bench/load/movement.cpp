#include "bench/load/movement.h"

#include <array>

namespace tickrelay::bench {
namespace {

constexpr std::uint64_t all_fields = 0x0f;

}  // namespace

Movement::Movement(std::uint32_t players, std::uint32_t rate_hz) : schedule_(players, rate_hz) {
  for (std::uint32_t player = 0; player < players; ++player) walks_.emplace_back(player + 1, 1.0 / rate_hz);
}

void Movement::advance(Crowd& crowd, std::int64_t now_ns, const std::function<void(const Step&)>& on_step) {
  while (const auto turn = schedule_.next(now_ns)) {
    Client& client = crowd[turn->player];
    if (!client.seated()) continue;
    const auto component = client.seat().layout->find("bench.Transform");
    if (!component) continue;
    const Placement& placement = walks_[turn->player].step(client.seat().layout->components[*component].fields);
    std::array<ActionWish, 1> actions;
    actions[0].component = *component;
    actions[0].entity = client.seat().entity;
    actions[0].mask = all_fields;
    actions[0].data = {reinterpret_cast<const std::uint8_t*>(placement.data()), sizeof placement};
    const Connection::Sent sent = client.act(actions);
    on_step({turn->player, placement, turn->intended_ns, sent});
  }
}

}  // namespace tickrelay::bench
