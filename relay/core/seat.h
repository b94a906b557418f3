// A player's place in a room. It outlives its connection for the room's grace time.
// Owner: the worker of the room.
#pragma once

#include <optional>
#include <string>

#include "relay/core/conditions.h"
#include "relay/core/event.h"
#include "relay/core/grid.h"
#include "relay/core/limits.h"

namespace tickrelay {

// Which connection a seat has: opaque to core, 0 for none.
using LinkId = std::uint64_t;

// Entity ids granted to a seat, used in increasing order.
struct IdBlock {
    EntityId first = 0;
    std::uint32_t count = 0;
    [[nodiscard]] bool holds(EntityId id) const { return id >= first && id - first < count; }
};

// So many times as many direct messages as another seat gets one of this role in a tick, at most.
constexpr EventNumber direct_shares(wire::Role role) {
    return role == wire::Role::Authority ? limits::authority_per_tick_max / limits::direct_per_tick_max : 1;
}

struct Seat {
    PlayerNumber number = 0;
    std::string player_id;
    wire::Role role = wire::Role::Player;
    std::string session;  // secret: whoever has it may resume
    std::string options = "{}";
    EntityId entity = 0;
    EntityId roster_entity = 0;  // in a room with views: everyone sees that one, the seat's entity who may. Else 0
    LinkId link = 0;
    Tick expires = 0;  // while there is no link
    bool prompt_acks = false;
    std::uint32_t team = 0;                    // 0: none
    Conditions simulated;                      // a bad network, by a tester's wish. Not in checkpoints
    std::optional<Point> looks_from;           // instead of from its own entities

    std::uint32_t applied_seq = 0;
    Tick told_applied = 0;  // tick of the last Yours that told applied_seq alone
    // With authority `server`. Not in checkpoints: the authority answers on.
    std::uint32_t input_seq = 0;     // of the newest input,
    std::uint32_t heard_seq = 0;     // ... inputs up to here an authority has acknowledged,
    std::uint32_t answered_seq = 0;  // ... and written to the state since,
    Tick answered_tick = 0;          // ... from this tick on
    EventLog direct{limits::direct_max, limits::direct_bytes_max};
    // Of the room's event numbers, a leap that was made before its client came (the last number of it, and how many): nothing it lost.
    EventNumber leap_end = 0;
    EventNumber leap = 0;

    std::uint32_t direct_this_tick = 0;
    std::uint32_t entities = 0;      // owned, but for its own
    std::int64_t messages_paid = 0;  // of the room's events_per_s: up to which time, in room.cpp's parts of a tick

    IdBlock old_block;        // after a crash: what its client sends again may be from here
    IdBlock block;            // in use
    IdBlock next_block;       // granted when half of `block` was used
    std::uint32_t block_used = 0;  // spawns from `block`
    Tick block_due = 0;            // when the next is to be granted; 0: not yet
    Tick next_block_tick = 0;
    EntityId last_spawned = 0;
    bool ids_known = true;    // false after a crash: its client alone knows which ids below `next_block` it used

    [[nodiscard]] bool connected() const { return link != 0; }
    // REQUIRES: `direct` has given no number yet.
    void take_role(wire::Role taken) {
        role = taken;
        if (role == wire::Role::Authority)
            direct = EventLog(limits::authority_direct_max, limits::authority_direct_bytes_max,
                              {.count = limits::sender_direct_max, .bytes = limits::sender_direct_bytes_max});
    }
};

}  // namespace tickrelay
