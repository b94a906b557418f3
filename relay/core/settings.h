// What a room is made with: the keys of `room.spawn` and of a configuration's [type.NAME].
#pragma once

#include <cstdint>
#include <string>

#include "relay/core/layout.h"

namespace tickrelay {

enum class Authority : std::uint8_t { player, server, logic };  // who writes state (rule 11)

struct RoomSettings {
    std::string id;    // unique on the relay; made where empty
    std::string type;  // "relay", "chat", a configured one
    std::string trace_id;  // of what it belongs to, in logs and events; made where empty
    LayoutPointer layout;
    std::uint16_t tick_rate = 20;  // Hz, 1 to limits::tick_rate_max
    std::uint16_t send_rate = 20;  // Hz, divides tick_rate
    std::uint32_t max_players = 64;
    Authority authority = Authority::player;
    std::string logic = "relay";  // name of a built-in or loaded logic
    wire::Codec codec = wire::Codec::Packed;
    bool is_private = false;  // not in listings, not found by type
    bool locked = false;      // no further joins
    bool client_creatable = false;
    std::string metadata = "{}";       // JSON object
    std::uint32_t grace_ms = 30'000;   // a seat outlives its connection for this long
    std::uint32_t empty_ttl_ms = 10'000;  // a room without seats ends after this long; 0: never
    std::uint32_t history = 0;         // events that a newcomer gets
    std::uint32_t bytes_per_s = 0;     // of state frames, a player; 0: no limit
    bool views = false;        // players may see different parts of the room
    double view_radius = 0;    // how far from its own entities a player sees, in the unit of the `position` fields; 0: everywhere
    double view_cell = 0;      // edge of a cell of the grid; 0: three quarters of the radius
    std::uint32_t entities_per_player = 0;  // owned by spawn and claim; 0: no limit
    std::uint32_t events_per_s = 0;         // messages of one player; 0: no limit
    std::uint32_t max_rooms = 0;            // of this type; 0: no limit
    std::uint16_t spectator_rate = 10;        // Hz at most, of what is published for mirrors
    std::uint32_t spectator_delay_ms = 0;     // spectators see the room so much later; not 0: in a mirror, on its own node too
    bool mirror = false;  // follows a room that others write: its seats are spectators and not in its state. Never kept
    std::uint32_t rewind_ms = 0;  // how far back a logic may look: Room::rewind; 0: nothing is kept
};

}  // namespace tickrelay
