// The keys of room.spawn and of a configuration's [type.NAME], declared once: parsing, ranges, documentation, the
// command line of tickrelayctl and "do these settings agree" come from this table. Pure; any thread.
#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "relay/core/settings.h"

namespace tickrelay {

// A value as any source spells it. Objects (metadata) are JSON text.
using KeyValue = std::variant<bool, std::int64_t, double, std::string>;

enum class KeyShape : std::uint8_t { text, number, flag, object, schema };

struct RoomKey {
    std::string_view name;
    KeyShape shape = KeyShape::text;
    std::string_view unit;    // "Hz", "s", "" where there is none
    std::string_view values;  // what it may be, for people: "1 to 240"
    std::string_view doc;
    bool in_types = false;  // may stand in a [type.NAME]
    bool in_spawn = false;  // may be a parameter of room.spawn
    // An error text without the key's name ("must be 1 to 240"), or nothing.
    std::optional<std::string> (*set)(RoomSettings&, const KeyValue&) = nullptr;
    bool (*equal)(const RoomSettings&, const RoomSettings&) = nullptr;
    std::string (*get)(const RoomSettings&) = nullptr;  // as TOML spells it
};

inline constexpr std::size_t room_keys_max = 32;
using RoomKeySet = std::bitset<room_keys_max>;  // by index in room_keys()

// `schema` is among them, but its value is the .bfbs itself: a source decodes base64 or reads a file first.
std::span<const RoomKey> room_keys();
std::optional<std::size_t> find_room_key(std::string_view name);

// What the keys must hold together: send_rate divides tick_rate, and follows it where it was not given. Sets
// settings.send_rate; an error names the key.
std::optional<std::string> settle(RoomSettings& settings, const RoomKeySet& given);

// Is `have` what a spawn with `given` keys of `wanted` asks for? (A retry names what it named before.)
bool agree(const RoomSettings& have, const RoomSettings& wanted, const RoomKeySet& given);

struct RoomType {
    RoomSettings settings;
    RoomKeySet given;
    std::string schema_path;  // where a configuration read the schema, for --print-config
};
// By name. Always holds the built-in relay, chat and demo.
using RoomTypes = std::map<std::string, RoomType, std::less<>>;
RoomTypes built_in_types();

// A room's id, a type's or a player's name: 1 to 64 bytes of printable UTF-8 text.
bool valid_name(std::string_view name);

}  // namespace tickrelay
