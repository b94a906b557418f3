#include "relay/door/json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <tuple>
#include <vector>

namespace tickrelay {

using nlohmann::json;

namespace {

constexpr std::array authority_names = {"player", "server", "logic"};
constexpr std::array codec_names = {"plain", "packed"};
constexpr std::array roles = {"player", "spectator", "authority"};

template <typename Enum, std::size_t count>
const char* name_in(const std::array<const char*, count>& names, Enum value) {
    const auto index = static_cast<std::size_t>(value);
    return index < count ? names[index] : "";
}

json components(const RoomInfo& room) {
    json list = json::array();
    for (const auto& component : room.components) {
        json fields = json::array();
        for (const auto& field : component.fields) fields.push_back({{"name", field.name}, {"bytes", field.bytes}});
        list.push_back({{"name", component.name},
                        {"entities", component.entities},
                        {"changes", component.changes},
                        {"changed_per_s", component.changed_per_s},
                        {"bytes", component.bytes},
                        {"bytes_per_s", component.bytes_per_s},
                        {"fields", std::move(fields)}});
    }
    return list;
}

json frames(const FramesInfo& frames) {
    return {{"count", frames.count},
            {"bytes", frames.bytes},
            {"bytes_per_s", frames.bytes_per_s},
            {"envelope", frames.envelope},
            {"events", frames.events},
            {"other", frames.other}};
}

}  // namespace

json parse_json(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > json_depth_max) return json(json::value_t::discarded);
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return json::parse(text, nullptr, false);
}

json json_of(const std::string& text) {
    json value = parse_json(text);
    return value.is_discarded() ? json(text) : value;
}

std::string dump_line(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

json to_json(const RelayInfo& info) {
    return {{"node", info.node},
            {"version", info.version},
            {"uptime_s", info.uptime_s},
            {"rooms", info.rooms},
            {"players", info.players},
            {"headroom", info.headroom},
            {"draining", info.draining},
            {"listen", info.listen},
            {"ops_listen", info.ops_listen},
            {"url", info.url},
            {"ops_url", info.ops_url},
            {"admin_tcp", info.admin_tcp},
            {"tls_expires_s", info.tls_expires_s}};
}

json to_json(const RoomEntry& room) {
    return {{"room_id", room.room_id},     {"type", room.type},
            {"players", room.players},     {"max_players", room.max_players},
            {"tick_rate", room.tick_rate}, {"private", room.is_private},
            {"locked", room.locked},       {"metadata", json_of(room.metadata)},
            {"age_s", room.age_s}};
}

json to_json(const RoomPage& page) {
    json rooms = json::array();
    for (const auto& room : page.rooms) rooms.push_back(to_json(room));
    json result = {{"rooms", std::move(rooms)}, {"total", page.total}};
    if (!page.cursor.empty()) result["cursor"] = page.cursor;
    return result;
}

json to_json(const RoomSettings& settings) {
    json object = {{"type", settings.type},
                   {"trace_id", settings.trace_id},
                   {"tick_rate", settings.tick_rate},
                   {"send_rate", settings.send_rate},
                   {"max_players", settings.max_players},
                   {"authority", name_in(authority_names, settings.authority)},
                   {"logic", settings.logic},
                   {"codec", name_in(codec_names, settings.codec)},
                   {"private", settings.is_private},
                   {"locked", settings.locked},
                   {"metadata", json_of(settings.metadata)},
                   {"grace_s", settings.grace_ms / 1000.0},
                   {"empty_ttl_s", settings.empty_ttl_ms / 1000.0},
                   {"history", settings.history},
                   {"bytes_per_s", settings.bytes_per_s},
                   {"entities_per_player", settings.entities_per_player},
                   {"events_per_s", settings.events_per_s},
                   {"views", settings.views},
                   {"view_radius", settings.view_radius},
                   {"view_cell", settings.view_cell},
                   {"rewind_ms", settings.rewind_ms},
                   {"spectator_rate", settings.spectator_rate},
                   {"spectator_delay_s", settings.spectator_delay_ms / 1000.0}};
    if (settings.layout) object["fingerprint"] = std::to_string(settings.layout->fingerprint());
    return object;
}

json to_json(const PlayerInfo& player) {
    json object = {{"player_id", player.player_id},
               {"player", player.number},
               {"role", name_in(roles, player.role)},
               {"connected", player.connected},
               {"rtt_ms", player.rtt_ms},
               {"state_age_ms", player.state_age_ms},
               {"bytes_per_s", player.bytes_per_s},
               {"behind_ticks", player.behind_ticks}};
    if (!player.address.empty()) object["address"] = player.address;
    if (const Conditions& set = player.simulated; set.any())
        object["simulated"] = {{"delay_ms", set.delay_ms}, {"jitter_ms", set.jitter_ms}, {"loss", set.loss}, {"bytes_per_s", set.bytes_per_s}};
    return object;
}

json to_json(const RoomInfo& room) {
    json players = json::array();
    for (const auto& player : room.players) players.push_back(to_json(player));
    return {{"room_id", room.settings.id},
            {"settings", to_json(room.settings)},
            {"node", room.node},
            {"url", room.url},
            {"term", room.term},
            {"tick", room.tick},
            {"age_s", room.age_s},
            {"entities", room.entities},
            {"ticks_skipped", room.ticks_skipped},
            {"tick_mean_us", room.tick_mean_us},
            {"tick_max_us", room.tick_max_us},
            {"bytes_per_s", room.bytes_per_s},
            {"players", std::move(players)},
            {"frames", frames(room.frames)},
            {"components", components(room)}};
}

json to_json(const RoomPlaces& places) {
    json kinds = json::array();
    std::vector<std::size_t> axes(places.layout ? places.layout->components().size() : 0);
    std::vector<std::size_t> kind(axes.size());
    for (std::size_t i = 0; i < axes.size(); ++i) {
        json names = json::array();
        for (const Field& field : places.layout->components()[i].fields)
            if (field.has(FieldFlags::Position) && names.size() < std::tuple_size_v<Point>) names.push_back(field.name);
        if (names.empty()) continue;
        axes[i] = names.size();
        kind[i] = kinds.size();
        kinds.push_back({{"component", places.layout->components()[i].name}, {"axes", std::move(names)}});
    }
    json list = json::array();
    for (const Place& place : places.places) {
        if (place.component >= axes.size()) continue;
        json row = {kind[place.component], place.entity, place.owner};
        for (std::size_t axis = 0; axis < axes[place.component]; ++axis) row.push_back(place.at[axis]);
        list.push_back(std::move(row));
    }
    return {{"tick", places.tick}, {"total", places.total}, {"kinds", std::move(kinds)}, {"places", std::move(list)}};
}

}  // namespace tickrelay
