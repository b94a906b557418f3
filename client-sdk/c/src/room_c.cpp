// A room: what it is, what it holds, what a player does.
#include <algorithm>
#include <cstring>
#include <utility>

#include "handles.h"

using tickrelay::c::bytes_of;
using tickrelay::c::guarded;
using tickrelay::c::text_of;

namespace {

const tickrelay::Room* of(const tickrelay_room* room) { return room ? room->room.get() : nullptr; }

// call(room), or `otherwise` without one.
template <class Result, class Call>
Result with(const tickrelay_room* room, Result otherwise, Call&& call) {
  return room == nullptr ? otherwise : guarded<Result>(otherwise, [&] { return call(*room->room); });
}

tickrelay::To to_of(tickrelay_audience audience, const uint32_t* to, size_t count) {
  switch (audience) {
    case TICKRELAY_TO_ALL: return tickrelay::To::all();
    case TICKRELAY_TO_OTHERS: return tickrelay::To::others();
    case TICKRELAY_TO_AUTHORITY: return tickrelay::To::authority();
    case TICKRELAY_TO_PLAYERS:
      return tickrelay::To::players(to ? std::vector<uint32_t>(to, to + count) : std::vector<uint32_t>());
    case TICKRELAY_TO_DEFAULT: break;
  }
  return {};
}

std::shared_ptr<tickrelay_room> shared(tickrelay_room* room) {
  for (const auto& each : room->client->rooms) {
    if (each.get() == room) return each;
  }
  return nullptr;
}

}  // namespace

extern "C" {

void tickrelay_watch(tickrelay_room* room, const char* component) {
  if (room == nullptr) return;
  guarded(0, [&] {
    tickrelay::c::watch(shared(room), text_of(component));
    return 0;
  });
}

void tickrelay_room_free(tickrelay_room* room) {
  if (room == nullptr) return;
  tickrelay_leave(room);
  room->client->events.forget(room);
  std::erase_if(room->client->rooms, [room](const auto& each) { return each.get() == room; });
}

tickrelay_phase tickrelay_room_phase(const tickrelay_room* room) {
  return room ? static_cast<tickrelay_phase>(of(room)->phase()) : TICKRELAY_LEFT;
}

const char* tickrelay_room_id(const tickrelay_room* room) { return room ? of(room)->room_id().c_str() : ""; }
const char* tickrelay_room_type(const tickrelay_room* room) { return room ? of(room)->type().c_str() : ""; }
const char* tickrelay_room_player_id(const tickrelay_room* room) { return room ? of(room)->player_id().c_str() : ""; }
uint32_t tickrelay_room_player(const tickrelay_room* room) { return room ? of(room)->player() : 0; }
uint32_t tickrelay_room_entity(const tickrelay_room* room) { return room ? of(room)->entity() : 0; }

size_t tickrelay_reconnection_token(const tickrelay_room* room, char* token, size_t capacity) {
  return with<size_t>(room, 0, [&](tickrelay::Room& at) {
    const std::string whole = at.reconnection_token();
    if (token != nullptr && capacity > 0) {
      const size_t length = std::min(whole.size(), capacity - 1);
      std::memcpy(token, whole.data(), length);
      token[length] = '\0';
    }
    return whole.size();
  });
}

void tickrelay_leave(tickrelay_room* room) {
  if (room) room->room->leave();
}

double tickrelay_now(const tickrelay_room* room) { return room ? of(room)->clock().now() : 0; }
double tickrelay_server_now(const tickrelay_room* room) { return room ? of(room)->clock().server_now() : 0; }
double tickrelay_render_now(const tickrelay_room* room) { return room ? of(room)->clock().render_now() : 0; }
double tickrelay_render_delay(const tickrelay_room* room) { return room ? of(room)->clock().delay() : 0; }
double tickrelay_latency(const tickrelay_room* room) { return room ? of(room)->latency() : 0; }
double tickrelay_state_age(const tickrelay_room* room) { return room ? of(room)->state_age() : 0; }
uint32_t tickrelay_tick(const tickrelay_room* room) { return room ? of(room)->tick() : 0; }
uint32_t tickrelay_tick_rate(const tickrelay_room* room) { return room ? of(room)->clock().tick_rate() : 0; }

void tickrelay_room_stats(const tickrelay_room* room, tickrelay_stats* stats) {
  if (stats == nullptr) return;
  const tickrelay::Stats from = room ? of(room)->stats() : tickrelay::Stats{};
  *stats = {from.frames, from.discarded, from.bytes_received, from.bytes_sent, from.reconnects};
}

uint64_t tickrelay_copies(const tickrelay_room* room) { return room ? of(room)->stats().copies : 0; }
uint64_t tickrelay_shielded(const tickrelay_room* room) { return room ? of(room)->stats().shielded : 0; }

size_t tickrelay_entities(const tickrelay_room* room, const char* component, uint32_t* ids, size_t capacity) {
  return with<size_t>(room, 0, [&](tickrelay::Room& at) {
    const auto all = component ? at.state().with(component) : at.state().entities();
    if (ids != nullptr) std::copy_n(all.begin(), std::min(capacity, all.size()), ids);
    return all.size();
  });
}

bool tickrelay_has_entity(const tickrelay_room* room, uint32_t entity) {
  return room && of(room)->state().contains(entity);
}
uint32_t tickrelay_owner(const tickrelay_room* room, uint32_t entity) {
  return room ? of(room)->state().owner(entity) : 0;
}

const uint8_t* tickrelay_get(const tickrelay_room* room, uint32_t entity, const char* component, size_t* size) {
  const tickrelay::Bytes value =
      with(room, tickrelay::Bytes{}, [&](tickrelay::Room& at) { return at.state().bytes(entity, text_of(component)); });
  if (size != nullptr) *size = value.size();
  return value.empty() ? nullptr : value.data();
}

void tickrelay_interpolate(tickrelay_room* room, const char* component) {
  with(room, 0, [&](tickrelay::Room& at) { return at.interpolate(text_of(component)), 0; });
}

const uint8_t* tickrelay_interpolated(const tickrelay_room* room, uint32_t entity, const char* component, size_t* size) {
  const tickrelay::Bytes value =
      with(room, tickrelay::Bytes{}, [&](tickrelay::Room& at) { return at.interpolated(entity, text_of(component)); });
  if (size != nullptr) *size = value.size();
  return value.empty() ? nullptr : value.data();
}

size_t tickrelay_players(tickrelay_room* room, tickrelay_player_entry* players, size_t capacity) {
  return with<size_t>(room, 0, [&](tickrelay::Room& at) {
    room->players = at.players();
    for (size_t i = 0; players != nullptr && i < std::min(capacity, room->players.size()); ++i) {
      const tickrelay::Player& from = room->players[i];
      players[i] = {from.number,    from.entity,     static_cast<tickrelay_role>(from.role),
                    from.connected, from.id.c_str(), from.options.c_str()};
    }
    return room->players.size();
  });
}

uint32_t tickrelay_send(tickrelay_room* room, const char* type, const void* data, size_t size,
                        tickrelay_audience audience, const uint32_t* to, size_t to_count) {
  return with<uint32_t>(room, 0, [&](tickrelay::Room& at) {
    return at.send(text_of(type), bytes_of(data, size), to_of(audience, to, to_count));
  });
}

uint32_t tickrelay_request(tickrelay_room* room, const char* type, const void* data, size_t size, double timeout_s,
                           tickrelay_audience audience, const uint32_t* to, size_t to_count) {
  return with<uint32_t>(room, 0, [&](tickrelay::Room& at) {
    // The number is known only after the call that takes the call-back, and no answer comes before the next poll.
    const auto number = std::make_shared<uint32_t>(0);
    const std::weak_ptr<tickrelay_room> weak = shared(room);
    const auto ended = [weak, number](const tickrelay::Answer& answer) {
      const auto here = weak.lock();
      if (!here) return;
      tickrelay::c::Event& event = here->client->events.add(TICKRELAY_ANSWER, here.get());
      event.number = *number;
      event.code = answer.ok ? 1 : 0;
      event.text = answer.error;
      event.data.assign(answer.data.begin(), answer.data.end());
    };
    return *number = at.request(text_of(type), bytes_of(data, size), timeout_s, ended, to_of(audience, to, to_count));
  });
}

uint32_t tickrelay_answer(tickrelay_room* room, uint32_t player, uint32_t request, const void* data, size_t size) {
  return with<uint32_t>(room, 0, [&](tickrelay::Room& at) { return at.answer(player, request, bytes_of(data, size)); });
}

uint32_t tickrelay_spawn(tickrelay_room* room, const char* component, const void* value, size_t size, bool keep) {
  return with<uint32_t>(room, 0,
                        [&](tickrelay::Room& at) { return at.spawn(text_of(component), bytes_of(value, size), keep); });
}

uint32_t tickrelay_spawn_seen_by(tickrelay_room* room, const char* component, const void* value, size_t size, bool keep,
                                 tickrelay_seen_by seen_by) {
  return with<uint32_t>(room, 0, [&](tickrelay::Room& at) {
    return at.spawn(text_of(component), bytes_of(value, size), keep, static_cast<tickrelay::SeenBy>(seen_by));
  });
}

uint32_t tickrelay_set(tickrelay_room* room, uint32_t entity, const char* component, const void* value, size_t size,
                       uint64_t fields) {
  return with<uint32_t>(
      room, 0, [&](tickrelay::Room& at) { return at.set(entity, text_of(component), bytes_of(value, size), fields); });
}

uint32_t tickrelay_despawn(tickrelay_room* room, uint32_t entity) {
  return with<uint32_t>(room, 0, [&](tickrelay::Room& at) { return at.despawn(entity); });
}

uint32_t tickrelay_claim(tickrelay_room* room, uint32_t entity) {
  return with<uint32_t>(room, 0, [&](tickrelay::Room& at) { return at.claim(entity); });
}

uint32_t tickrelay_input(tickrelay_room* room, const void* data, size_t size) {
  return with<uint32_t>(room, 0, [&](tickrelay::Room& at) { return at.input(bytes_of(data, size)); });
}

void tickrelay_watch_send_ticks(tickrelay_room* room) {
  if (room == nullptr || std::exchange(room->watches_send_ticks, true)) return;
  guarded(0, [&] {
    const std::weak_ptr<tickrelay_room> weak = shared(room);
    room->room->on_send_tick([weak] {
      if (const auto here = weak.lock()) here->client->events.add(TICKRELAY_SEND_TICK, here.get());
    });
    return 0;
  });
}

double tickrelay_next_send_tick(const tickrelay_room* room) { return room ? of(room)->next_send_tick_s() : 0; }
double tickrelay_input_early(const tickrelay_room* room) { return room ? of(room)->stats().early_us / 1e6 : 0; }

}  // extern "C"
