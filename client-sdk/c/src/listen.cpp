#include "handles.h"

namespace tickrelay::c {
namespace {

using Weak = std::weak_ptr<tickrelay_room>;

void keep(std::vector<std::uint8_t>& to, Bytes from) { to.assign(from.begin(), from.end()); }

// fill(event) for an event of a room whose handle is still there.
template <class Fill>
void add(const Weak& weak, tickrelay_event_kind kind, Fill&& fill) {
  if (const auto room = weak.lock()) fill(room->client->events.add(kind, room.get()));
}

void listen_to_life(const Weak& weak, Room& room) {
  room.on_join([weak] { add(weak, TICKRELAY_JOIN, [](Event&) {}); });
  room.on_drop([weak](std::uint16_t code, const std::string& reason) {
    add(weak, TICKRELAY_DROP, [&](Event& event) { event.code = code, event.text = reason; });
  });
  room.on_reconnect([weak](const Reconnected& back) {
    add(weak, TICKRELAY_RECONNECT, [&](Event& event) { event.number = back.rolled_back ? 1 : 0; });
  });
  room.on_leave([weak](std::uint16_t code, const std::string& reason) {
    add(weak, TICKRELAY_LEAVE, [&](Event& event) { event.code = code, event.text = reason; });
  });
  room.on_error([weak](const Error& error) {
    add(weak, TICKRELAY_ERROR, [&](Event& event) {
      event.type = error.label;
      event.text = error.detail;
      event.number = error.action;
    });
  });
}

void listen_to_others(const Weak& weak, Room& room) {
  room.on_state_change(
      [weak](const State& state) { add(weak, TICKRELAY_STATE, [&](Event& event) { event.number = state.tick(); }); });
  room.on_message("*", [weak](const Message& message) {
    add(weak, TICKRELAY_MESSAGE, [&](Event& event) {
      event.player = message.player;
      event.type = message.type;
      event.number = message.request;
      keep(event.data, message.data);
    });
  });
  room.on_input([weak](const Message& message, std::uint32_t number) {
    add(weak, TICKRELAY_INPUT, [&](Event& event) {
      event.player = message.player;
      event.number = number;
      keep(event.data, message.data);
    });
  });
  room.on_player_join([weak](const Player& player) {
    add(weak, TICKRELAY_PLAYER_JOIN, [&](Event& event) {
      event.player = player.number;
      event.entity = player.entity;
      event.type = player.id;
      event.text = player.options;
    });
  });
  room.on_player_leave([weak](const Player& player, const std::string& reason) {
    add(weak, TICKRELAY_PLAYER_LEAVE, [&](Event& event) {
      event.player = player.number;
      event.type = player.id;
      event.text = reason;
    });
  });
}

}  // namespace

void listen(const std::shared_ptr<tickrelay_room>& room) {
  listen_to_life(room, *room->room);
  listen_to_others(room, *room->room);
}

void watch(const std::shared_ptr<tickrelay_room>& room, const std::string& component) {
  const bool covered = room->watched.contains("*") || !room->watched.insert(component).second;
  if (covered) return;
  const Weak weak = room;
  const auto tell = [weak, all = component == "*"](const Change& change) {
    const auto here = weak.lock();
    // Once "*" is watched its own call tells of every component.
    if (!here || (!all && here->watched.contains("*"))) return;
    constexpr tickrelay_event_kind kinds[] = {TICKRELAY_ADD, TICKRELAY_CHANGE, TICKRELAY_REMOVE};
    Event& event = here->client->events.add(kinds[static_cast<std::size_t>(change.kind)], here.get());
    event.entity = change.entity;
    event.component = change.component;
    event.fields = change.fields;
    keep(event.data, change.value);
  };
  room->room->on_add(component, tell);
  room->room->on_change(component, tell);
  room->room->on_remove(component, tell);
}

}  // namespace tickrelay::c
