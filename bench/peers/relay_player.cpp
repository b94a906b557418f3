#include "bench/peers/relay_player.h"

#include <array>
#include <cstring>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr const char* component_name = "bench.Transform";
constexpr std::uint64_t all_fields = 0x0f;

}  // namespace

RelayPlayer::RelayPlayer(ClientCommons& commons, const Endpoint& endpoint, Traits traits, bool resumes)
    : Player(traits),
      endpoint_(endpoint),
      resumes_(resumes),
      client_(commons, {.number = traits.number,
                        .decodes = traits.decodes,
                        .receive_buffer_bytes = traits.receive_buffer_bytes,
                        .read_bytes_per_s = traits.read_bytes_per_s}) {}

bool RelayPlayer::join(const std::string& room) {
  room_ = room;
  JoinWish wish{.player_id = "peer-" + std::to_string(traits().number)};
  wish.mode = room.empty() ? wire::JoinMode::Create : wire::JoinMode::ById;
  (room.empty() ? wish.type : wish.room_id) = room.empty() ? "bench" : room;
  return client_.start(endpoint_, std::move(wish));
}

bool RelayPlayer::come_back() { return resumes_ ? client_.resume(endpoint_) : join(client_.seat().room_id); }

Connection::Sent RelayPlayer::move(const Placement& placement) {
  const auto component = client_.seat().layout->find(component_name);
  if (!component) return Connection::Sent::refused;
  ActionWish action{.component = *component, .entity = client_.seat().entity, .mask = all_fields};
  action.data = {reinterpret_cast<const std::uint8_t*>(placement.data()), sizeof placement};
  return client_.act({&action, 1});
}

void RelayPlayer::read() { client_.read(now_ns()); }

void RelayPlayer::sweep() { client_.acknowledge_when_due(now_ns()); }

void RelayPlayer::tell_values(PlayerEvents& events) {
  if (client_.mirror() == nullptr) return;
  const auto component = client_.seat().layout->find(component_name);
  for (const Mirror::Place& place : client_.mirror()->changes()) {
    const auto value = client_.mirror()->value(place.component, place.entity);
    Placement placement;
    if (place.component != component || value.size() != sizeof placement) continue;
    std::memcpy(placement.data(), value.data(), sizeof placement);
    events.on_value(*this, place.entity, placement);
  }
}

void RelayEvents::on_frame(Client& client, const FrameFacts&, std::int64_t) {
  player(client).tell_values(events_);
  events_.on_frame(player(client));
}

void RelayEvents::on_refused(Client& client, const std::string& reason) {
  events_.on_closed(player(client), "an action was refused: " + reason);
}

void RelayEvents::on_closed(Client& client, int code, const std::string& reason) {
  events_.on_closed(player(client), std::to_string(code) + " " + reason);
}

}  // namespace tickrelay::bench
