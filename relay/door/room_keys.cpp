#include "relay/door/room_keys.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "relay/core/check.h"
#include "relay/core/grid.h"
#include "relay/core/limits.h"
#include "relay/core/utf8.h"
#include "relay/door/base64.h"
#include "relay/door/demo_schema.h"
#include "relay/door/json.h"

namespace tickrelay {

namespace {

using Error = std::optional<std::string>;

constexpr double length_max = 1e9;

std::string range_text(double low, double high) {
    char text[64];
    auto* end = std::to_chars(text, text + 24, low).ptr;
    for (const char c : std::string_view(" to ")) *end++ = c;
    return {text, std::to_chars(end, text + sizeof text, high).ptr};
}

template <typename Number>
Error set_number(Number& target, const KeyValue& value, std::int64_t low, std::int64_t high) {
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr || *number < low || *number > high) {
        return "must be a whole number from " + range_text(static_cast<double>(low), static_cast<double>(high));
    }
    target = static_cast<Number>(*number);
    return std::nullopt;
}

Error set_seconds(std::uint32_t& target_ms, const KeyValue& value, double high_s) {
    double seconds = -1;
    if (const auto* whole = std::get_if<std::int64_t>(&value)) seconds = static_cast<double>(*whole);
    if (const auto* number = std::get_if<double>(&value)) seconds = *number;
    if (!(seconds >= 0 && seconds <= high_s)) return "must be a number of seconds from " + range_text(0, high_s);
    target_ms = static_cast<std::uint32_t>(seconds * 1000 + 0.5);
    return std::nullopt;
}

Error set_flag(bool& target, const KeyValue& value) {
    const auto* flag = std::get_if<bool>(&value);
    if (flag == nullptr) return "must be true or false";
    target = *flag;
    return std::nullopt;
}

Error set_name(std::string& target, const KeyValue& value) {
    const auto* name = std::get_if<std::string>(&value);
    if (name == nullptr || !valid_name(*name)) return "must be 1 to 64 bytes of printable text";
    target = *name;
    return std::nullopt;
}

Error set_length(double& target, const KeyValue& value) {
    double number = -1;
    if (const auto* whole = std::get_if<std::int64_t>(&value)) number = static_cast<double>(*whole);
    if (const auto* real = std::get_if<double>(&value)) number = *real;
    if (!(number >= 0 && number <= length_max)) return "must be a number from " + range_text(0, length_max);
    target = number;
    return std::nullopt;
}

template <typename Choice, std::size_t count>
Error set_choice(Choice& target, const KeyValue& value, const std::array<std::string_view, count>& names) {
    const auto* name = std::get_if<std::string>(&value);
    std::string known;
    for (std::size_t i = 0; i < count; ++i) {
        if (name != nullptr && *name == names[i]) {
            target = static_cast<Choice>(i);
            return std::nullopt;
        }
        known.append(i == 0 ? "" : ", ").append("\"").append(names[i]).append("\"");
    }
    return "must be one of " + known;
}

Error set_metadata(std::string& target, const KeyValue& value) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr || !parse_json(*text).is_object()) return "must be a JSON object";
    if (text->size() > limits::text_bytes_max) {
        return "is " + std::to_string(text->size()) + " bytes, at most " + std::to_string(limits::text_bytes_max);
    }
    target = *text;
    return std::nullopt;
}

Error set_schema(LayoutPointer& target, const KeyValue& value) {
    const auto* bytes = std::get_if<std::string>(&value);
    if (bytes == nullptr) return "must be a binary schema (.bfbs)";
    if (bytes->size() > limits::schema_bytes_max) {
        return "is " + std::to_string(bytes->size()) + " bytes, at most " + std::to_string(limits::schema_bytes_max);
    }
    auto parsed = parse_schema(bytes_of(*bytes));
    if (const auto* error = std::get_if<std::string>(&parsed)) return "is not a usable .bfbs: " + *error;
    target = std::get<LayoutPointer>(std::move(parsed));
    return std::nullopt;
}

constexpr std::array<std::string_view, 3> authorities = {"player", "server", "logic"};
constexpr std::array<std::string_view, 2> codecs = {"plain", "packed"};

std::string toml_text(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
std::string flag_text(bool flag) { return flag ? "true" : "false"; }
std::string real_text(double number) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, number).ptr};
}
std::string seconds_text(std::uint32_t ms) {
    char text[24];
    return {text, std::to_chars(text, text + sizeof text, ms / 1000.0).ptr};
}

using Settings = RoomSettings;

constexpr std::int64_t rate_max = limits::tick_rate_max;
constexpr double grace_max_s = 86'400;
constexpr double empty_ttl_max_s = 604'800;
constexpr double spectator_delay_max_s = limits::spectator_delay_ms_max / 1000.0;

// One row; the lambdas name `s` (the settings) and `v` (the value).
#define ROW(name, shape, unit, values, doc, types, spawn, setter, field, text)       \
    RoomKey {                                                                        \
        name, KeyShape::shape, unit, values, doc, types, spawn,                      \
            [](Settings& s, const KeyValue& v) -> Error { return setter; },          \
            [](const Settings& a, const Settings& b) { return a.field == b.field; }, \
            [](const Settings& s) -> std::string { return text; }                    \
    }

const std::array table = {
    ROW("id", text, "", "1 to 64 bytes", "The room's id; made up where it is missing.", false, true, set_name(s.id, v),
        id, toml_text(s.id)),
    ROW("type", text, "", "a configured type", "The room type whose settings hold where none are given.", false, true,
        set_name(s.type, v), type, toml_text(s.type)),
    RoomKey{"trace_id", KeyShape::text, "", "1 to 64 bytes", "On every log line and event of this room, to find what belongs together; made up where it is missing.",
            false, true, [](Settings& s, const KeyValue& v) -> Error { return set_name(s.trace_id, v); },
            [](const Settings&, const Settings&) { return true; },  // a retry may be traced anew: the room keeps its first
            [](const Settings& s) -> std::string { return toml_text(s.trace_id); }},
    RoomKey{"schema", KeyShape::schema, "", "a .bfbs",
            "State schema, made with flatc --binary --schema; without one a room has events only.", true, true,
            [](Settings& s, const KeyValue& v) -> Error { return set_schema(s.layout, v); },
            [](const Settings& a, const Settings& b) {
                return a.layout && b.layout && a.layout->fingerprint() == b.layout->fingerprint();
            },
            [](const Settings&) -> std::string { return "\"\""; }},
    ROW("tick_rate", number, "Hz", "1 to 240", "Ticks a second.", true, true, set_number(s.tick_rate, v, 1, rate_max),
        tick_rate, std::to_string(s.tick_rate)),
    ROW("send_rate", number, "Hz", "1 to tick_rate",
        "Frames a second to each player; divides tick_rate, which is the default.", true, true,
        set_number(s.send_rate, v, 1, rate_max), send_rate, std::to_string(s.send_rate)),
    ROW("max_players", number, "", "1 to 4096", "Seats.", true, true,
        set_number(s.max_players, v, 1, static_cast<std::int64_t>(limits::players_max)), max_players,
        std::to_string(s.max_players)),
    ROW("authority", text, "", "player, server, logic", "Who writes state.", true, true,
        set_choice(s.authority, v, authorities), authority,
        toml_text(authorities[static_cast<std::size_t>(s.authority)])),
    ROW("logic", text, "", "relay, chat, demo, or a loaded one", "The room's logic.", true, true, set_name(s.logic, v), logic,
        toml_text(s.logic)),
    ROW("codec", text, "", "packed, plain", "How state travels; anything with flatc's output reads plain.", true, true,
        set_choice(s.codec, v, codecs), codec, toml_text(codecs[static_cast<std::size_t>(s.codec)])),
    ROW("private", flag, "", "true, false", "Not listed and not found by type.", true, true, set_flag(s.is_private, v),
        is_private, flag_text(s.is_private)),
    ROW("locked", flag, "", "true, false", "No further joins.", false, true, set_flag(s.locked, v), locked,
        flag_text(s.locked)),
    ROW("metadata", object, "", "a JSON object of up to 4096 bytes", "Shown in listings and matched by searches.", true,
        true, set_metadata(s.metadata, v), metadata, toml_text(s.metadata)),
    ROW("grace_s", number, "s", "0 to 86400", "A seat outlives its lost connection for this long.", true, true,
        set_seconds(s.grace_ms, v, grace_max_s), grace_ms, seconds_text(s.grace_ms)),
    ROW("empty_ttl_s", number, "s", "0 to 604800", "A room without seats ends after this long; 0: never.", true, true,
        set_seconds(s.empty_ttl_ms, v, empty_ttl_max_s), empty_ttl_ms, seconds_text(s.empty_ttl_ms)),
    ROW("history", number, "", "0 to 1024", "Past events that a newcomer gets.", true, true,
        set_number(s.history, v, 0, static_cast<std::int64_t>(limits::events_max)), history, std::to_string(s.history)),
    ROW("bytes_per_s", number, "B/s", "0 to 1000000000",
        "State frames to each player at most, then state comes less often; 0: no limit.", true, true,
        set_number(s.bytes_per_s, v, 0, 1'000'000'000), bytes_per_s, std::to_string(s.bytes_per_s)),
    ROW("entities_per_player", number, "", "0 to 16384",
        "Entities a player may own by spawn and claim, within the relay's quota; 0: the quota alone.", true, true,
        set_number(s.entities_per_player, v, 0, static_cast<std::int64_t>(limits::entities_max)), entities_per_player,
        std::to_string(s.entities_per_player)),
    ROW("events_per_s", number, "1/s", "0 to 1000000",
        "Messages of one player in a second, within the relay's quota; 0: the quota alone.", true, true,
        set_number(s.events_per_s, v, 0, 1'000'000), events_per_s, std::to_string(s.events_per_s)),
    ROW("max_rooms", number, "", "0 to 65536", "Rooms of this type; 0: the quota rooms_per_type.", true, false,
        set_number(s.max_rooms, v, 0, 65'536), max_rooms, std::to_string(s.max_rooms)),
    ROW("views", flag, "", "true, false",
        "Players may see different parts of the room; true where view_radius or view_cell is given.", true, true,
        set_flag(s.views, v), views, flag_text(s.views)),
    ROW("view_radius", number, "units", "0 to 1e9",
        "How far from its own entities a player sees what has a position; 0: everywhere.", true, true,
        set_length(s.view_radius, v), view_radius, real_text(s.view_radius)),
    ROW("view_cell", number, "units", "0 to 1e9",
        "Edge of a cell, the least that comes into view at once; 0: three quarters of view_radius.", true, true,
        set_length(s.view_cell, v), view_cell, real_text(s.view_cell)),
    ROW("spectator_rate", number, "Hz", "1 to 240",
        "Frames a second at most to spectators that watch a mirror: in a fleet, and where there is a delay.", true, true,
        set_number(s.spectator_rate, v, 1, rate_max), spectator_rate, std::to_string(s.spectator_rate)),
    ROW("spectator_delay_s", number, "s", "0 to 600",
        "Spectators see the room so much later; it costs memory for what they are still to see.", true, true,
        set_seconds(s.spectator_delay_ms, v, spectator_delay_max_s), spectator_delay_ms, seconds_text(s.spectator_delay_ms)),
    ROW("rewind_ms", number, "ms", "0 to 2000",
        "How far back the room's logic may look at its state, for lag compensation; 0: nothing is kept.", true, true,
        set_number(s.rewind_ms, v, 0, limits::rewind_ms_max), rewind_ms, std::to_string(s.rewind_ms)),
};
#undef ROW

static_assert(table.size() <= room_keys_max);
static_assert(static_cast<int>(Authority::logic) == 2 && static_cast<int>(wire::Codec::Packed) == 1);

}  // namespace

std::span<const RoomKey> room_keys() { return table; }

std::optional<std::size_t> find_room_key(std::string_view name) {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (table[i].name == name) return i;
    }
    return std::nullopt;
}

std::optional<std::string> settle(RoomSettings& settings, const RoomKeySet& given) {
    static const std::size_t send_rate = *find_room_key("send_rate");
    if (!settings.layout) settings.layout = std::get<LayoutPointer>(parse_schema({}));
    if (!given[send_rate]) settings.send_rate = settings.tick_rate;
    if (settings.tick_rate % settings.send_rate != 0) {
        return "send_rate " + std::to_string(settings.send_rate) + " does not divide tick_rate " +
               std::to_string(settings.tick_rate);
    }
    static const std::size_t views = *find_room_key("views");
    const bool divides = settings.view_radius > 0 || settings.view_cell > 0;
    if (!given[views]) settings.views = divides;
    if (divides && !settings.views) return "view_radius and view_cell need views = true";
    if (divides && Positions(*settings.layout).components().empty()) {
        return "view_radius and view_cell need a component with `position` fields in the schema";
    }
    return std::nullopt;
}

bool agree(const RoomSettings& have, const RoomSettings& wanted, const RoomKeySet& given) {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (given[i] && !table[i].equal(have, wanted)) return false;
    }
    return true;
}

RoomTypes built_in_types() {
    RoomTypes types;
    for (const std::string name : {"relay", "chat", "demo"}) {
        RoomType& type = types[name];
        type.settings.type = name;
        type.settings.logic = name;  // of the same name
        if (name == "demo") {
            const auto bytes = demo_schema();
            const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            CHECK(!set_schema(type.settings.layout, text));
        }
        CHECK(!settle(type.settings, type.given));
    }
    return types;
}

bool valid_name(std::string_view name) {
    if (name.empty() || name.size() > limits::name_bytes_max) return false;
    for (const char c : name) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
    }
    return is_utf8(name);
}

}  // namespace tickrelay
