// Clients, joining and events.
#include <cstdio>

#include "handles.h"

using tickrelay::c::guarded;
using tickrelay::c::text_of;

namespace {

tickrelay::JoinOptions options_of(const tickrelay_join_options* from) {
  if (from == nullptr || from->size < sizeof *from) return {};
  return {text_of(from->player_id), text_of(from->options), text_of(from->metadata),
          static_cast<tickrelay::Role>(from->role)};
}

tickrelay::ClientOptions options_of(const tickrelay_options* from) {
  tickrelay::ClientOptions options;
  if (from == nullptr || from->size < sizeof *from) return options;
  options.ca_file = text_of(from->ca_file);
  options.insecure_tls = from->insecure_tls;
  if (from->join_timeout_s > 0) options.join_timeout_s = from->join_timeout_s;
  options.prompt_acks = from->prompt_acks;
  options.loss_shield = from->loss_shield;
  options.align_sends = !from->any_phase;
  return options;
}

template <class Join>
tickrelay_room* seated(tickrelay_client* client, Join&& join) {
  if (client == nullptr) return nullptr;
  return guarded<tickrelay_room*>(nullptr, [&] {
    auto room = std::make_shared<tickrelay_room>();
    room->client = client;
    room->room = join(client->client);
    tickrelay::c::listen(room);
    client->rooms.push_back(room);
    return room.get();
  });
}

std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      (json += '\\') += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      json += escape;
    } else {
      json += c;
    }
  }
  return json += '"';
}

std::string json_of(const std::vector<tickrelay::RoomEntry>& rooms) {
  std::string json = "[";
  for (const auto& room : rooms) {
    if (json.size() > 1) json += ',';
    json += R"({"room_id":)" + quoted(room.room_id) + R"(,"type":)" + quoted(room.type) + R"(,"players":)" +
            std::to_string(room.players) + R"(,"max_players":)" + std::to_string(room.max_players) + R"(,"locked":)" +
            (room.locked ? "true" : "false") + R"(,"metadata":)" + (room.metadata.empty() ? "null" : room.metadata) +
            "}";
  }
  return json += ']';
}

}  // namespace

extern "C" {

uint32_t tickrelay_abi_version(void) { return TICKRELAY_ABI_VERSION; }

tickrelay_client* tickrelay_client_new(const char* url, const tickrelay_options* options) {
  return guarded<tickrelay_client*>(nullptr, [&] { return new tickrelay_client(text_of(url), options_of(options)); });
}

void tickrelay_client_free(tickrelay_client* client) { delete client; }

tickrelay_room* tickrelay_join_or_create(tickrelay_client* client, const char* type,
                                         const tickrelay_join_options* options) {
  return seated(client, [&](tickrelay::Client& at) { return at.join_or_create(text_of(type), options_of(options)); });
}

tickrelay_room* tickrelay_create(tickrelay_client* client, const char* type, const tickrelay_join_options* options) {
  return seated(client, [&](tickrelay::Client& at) { return at.create(text_of(type), options_of(options)); });
}

tickrelay_room* tickrelay_join(tickrelay_client* client, const char* type, const tickrelay_join_options* options) {
  return seated(client, [&](tickrelay::Client& at) { return at.join(text_of(type), options_of(options)); });
}

tickrelay_room* tickrelay_join_by_id(tickrelay_client* client, const char* room_id,
                                     const tickrelay_join_options* options) {
  return seated(client, [&](tickrelay::Client& at) { return at.join_by_id(text_of(room_id), options_of(options)); });
}

tickrelay_room* tickrelay_join_with_ticket(tickrelay_client* client, const char* ticket, const char* room_id,
                                           const tickrelay_join_options* options) {
  return seated(client, [&](tickrelay::Client& at) {
    return at.join_with_ticket(text_of(ticket), text_of(room_id), options_of(options));
  });
}

tickrelay_room* tickrelay_reconnect(tickrelay_client* client, const char* token) {
  return seated(client, [&](tickrelay::Client& at) { return at.reconnect(text_of(token)); });
}

void tickrelay_rooms(tickrelay_client* client, const char* type, const char* metadata) {
  if (client == nullptr) return;
  guarded(0, [&] {
    client->client.rooms({text_of(type), text_of(metadata)}, [client](const tickrelay::RoomList& list) {
      tickrelay::c::Event& event = client->events.add(TICKRELAY_ROOMS, nullptr);
      event.code = list.ok ? 1 : 0;
      event.text = list.ok ? json_of(list.rooms) : list.error;
    });
    return 0;
  });
}

void tickrelay_poll(tickrelay_client* client) {
  if (client == nullptr) return;
  guarded(0, [&] {
    client->events.forget();
    client->client.poll();
    return 0;
  });
}

bool tickrelay_next_event(tickrelay_client* client, tickrelay_event* event) {
  return client != nullptr && event != nullptr && client->events.next(*event);
}

}  // extern "C"
