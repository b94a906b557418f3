#include "relay/room_log.h"

#include "relay/log.h"

namespace tickrelay {

namespace {

constexpr std::int64_t every_ms = 100;
constexpr std::size_t events_a_page = 1'024;

using Type = RelayEventType;

// Of the relay itself the log tells elsewhere.
const EventRing::Filter& logged() {
    static const EventRing::Filter filter{.types = {Type::room_spawned, Type::room_closed, Type::room_result, Type::room_restored, Type::room_slowed,
                                                    Type::room_full_rate, Type::player_joined, Type::player_left, Type::player_dropped, Type::player_resumed}};
    return filter;
}

void write(const RelayEvent& event) {
    const bool began = event.type == Type::room_spawned || event.type == Type::room_restored;
    log::write_at(event.time_ms, event.type == Type::room_slowed ? log::Level::warn : log::Level::info, name_of(event.type),
                  {{"room_id", event.room_id}, {"trace_id", event.trace_id}, {"player_id", event.player_id},
                   {began ? "room_type" : "reason", event.label}, {"seq", event.seq}});
}

}  // namespace

bool RoomLog::step() {
    const EventRing::Batch batch = ring_.read_ring(read_, logged(), events_a_page);
    if (batch.cursor == read_) return false;
    read_ = batch.cursor;
    std::uint64_t unsaid = batch.lost_from == 0 ? 0 : batch.lost_to - batch.lost_from + 1;
    std::size_t lines = 0;
    for (const RelayEvent& event : batch.events) {
        if (++lines <= lines_at_once) write(event);
        else ++unsaid;
    }
    if (unsaid != 0) log::warn("more happened than is logged: events.subscribe and the journal have it", {{"events", unsaid}});
    return true;
}

void RoomLog::start() {
    read_ = ring_.last();  // what was before, the log of before has
    alarm_.start(every_ms, [this] { step(); });
}

void RoomLog::stop() {
    alarm_.stop();
    while (step()) {}
}

}  // namespace tickrelay
