#include "relay/event_journal.h"

#include <chrono>
#include <cstdio>

#include "relay/core/check.h"

namespace tickrelay {

namespace {

RelayEvent event(RelayEventType type, const Room& room, std::string_view label) {
    return {.time_ms = unix_ms(), .type = type, .room_id = room.settings().id, .label = std::string(label), .trace_id = room.settings().trace_id};
}

}  // namespace

std::int64_t unix_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void EventJournal::room_spawned(const Room& room) { writer_.push(event(RelayEventType::room_spawned, room, room.settings().type)); }

void EventJournal::room_restored(const Room& room) { writer_.push(event(RelayEventType::room_restored, room, room.settings().type)); }

void EventJournal::room_closed(const Room& room, std::string_view reason) { writer_.push(event(RelayEventType::room_closed, room, reason)); }

void EventJournal::player(std::string_view what, const Room& room, const Seat& seat, std::string_view reason) {
    RelayEvent told = event({}, room, reason);
    CHECK(find_event_type(what, told.type));
    told.player_id = seat.player_id;
    writer_.push(std::move(told));
}

void EventJournal::room_slowed(const Room& room, double send_hz, double tick_hz) {
    const RoomSettings& settings = room.settings();
    char text[96];
    std::snprintf(text, sizeof text, "sends %g of %u Hz, ticks %g of %u Hz", send_hz, unsigned{settings.send_rate}, tick_hz,
                  unsigned{settings.tick_rate});
    writer_.push(event(RelayEventType::room_slowed, room, text));
}

void EventJournal::room_full_rate(const Room& room) { writer_.push(event(RelayEventType::room_full_rate, room, "")); }

void EventJournal::message(const Room& room, PlayerNumber from, const Event& message) {
    RelayEvent told = event(RelayEventType::room_message, room, message.type);
    told.data.assign(reinterpret_cast<const char*>(message.data.data()), message.data.size());
    for (const auto& seat : room.seats())
        if (seat->number == from) told.player_id = seat->player_id;
    writer_.push(std::move(told));
}

}  // namespace tickrelay
