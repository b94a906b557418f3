#include "relay/room_keeper.h"

#include "relay/event_journal.h"
#include "relay/log.h"

namespace tickrelay {

void RoomKeeper::keep(RoomRecord& room, std::uint32_t term, std::span<const std::byte> bytes, bool runs_on, Then then) {
    store_.put_checkpoint({.id = room.id, .term = term, .made_ms = unix_ms(), .runs_on = runs_on, .bytes = {bytes.begin(), bytes.end()}},
                          [then = std::move(then)](Stored what) { then(what != Stored::failed); });
}

void RoomKeeper::ended(RoomRecord& room) { store_.release(room.id, room.term); }

void RoomKeeper::set_aside(RoomRecord& room, std::string_view why) {
    log::error("a room is not taken up: its logic refuses what it saved. It is set aside, and tried again at the next start",
               {{"room_id", room.id}, {"trace_id", room.settings.trace_id}, {"logic", room.settings.logic}, {"why", why}});
    store_.set_aside(room.id, std::string(why));
}

}  // namespace tickrelay
