#include "relay/event_journal.h"

#include <chrono>
#include <cstdio>

#include "relay/core/check.h"

namespace tickrelay {

std::int64_t unix_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void EventJournal::room_spawned(const Room& room) {
    writer_.push({.time_ms = unix_ms(), .type = RelayEventType::room_spawned, .room_id = room.settings().id, .player_id = {},
                  .label = room.settings().type, .data = {}});
}

void EventJournal::room_restored(const Room& room) {
    writer_.push({.time_ms = unix_ms(), .type = RelayEventType::room_restored, .room_id = room.settings().id, .player_id = {},
                  .label = room.settings().type, .data = {}});
}

void EventJournal::room_closed(const Room& room, std::string_view reason) {
    writer_.push({.time_ms = unix_ms(), .type = RelayEventType::room_closed, .room_id = room.settings().id, .player_id = {},
                  .label = std::string(reason), .data = {}});
}

void EventJournal::player(std::string_view what, const Room& room, const Seat& seat, std::string_view reason) {
    RelayEvent event{.time_ms = unix_ms(), .room_id = room.settings().id, .player_id = seat.player_id, .label = std::string(reason), .data = {}};
    CHECK(find_event_type(what, event.type));
    writer_.push(std::move(event));
}

void EventJournal::room_slowed(const Room& room, double send_hz, double tick_hz) {
    const RoomSettings& settings = room.settings();
    char text[96];
    std::snprintf(text, sizeof text, "sends %g of %u Hz, ticks %g of %u Hz", send_hz, unsigned{settings.send_rate}, tick_hz,
                  unsigned{settings.tick_rate});
    writer_.push({.time_ms = unix_ms(), .type = RelayEventType::room_slowed, .room_id = settings.id, .player_id = {}, .label = text, .data = {}});
}

void EventJournal::room_full_rate(const Room& room) {
    writer_.push({.time_ms = unix_ms(), .type = RelayEventType::room_full_rate, .room_id = room.settings().id, .player_id = {}, .label = {},
                  .data = {}});
}

void EventJournal::message(const Room& room, PlayerNumber from, const Event& event) {
    RelayEvent told{.time_ms = unix_ms(), .type = RelayEventType::room_message, .room_id = room.settings().id, .player_id = {},
                    .label = event.type, .data = {}};
    told.data.assign(reinterpret_cast<const char*>(event.data.data()), event.data.size());
    for (const auto& seat : room.seats())
        if (seat->number == from) told.player_id = seat->player_id;
    writer_.push(std::move(told));
}

}  // namespace tickrelay
