#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "relay/core/limits.h"
#include "relay/door/json.h"
#include "relay/door/methods.h"
#include "relay/door/nearest.h"
#include "relay/door/values.h"

namespace tickrelay {

using nlohmann::json;

namespace {

constexpr std::int64_t ban_max_s = 30 * 86'400;
constexpr std::int64_t delay_max_ms = 60'000;

Outcome room_spawn(Call& call) {
    const std::string type = call.params.name("type").value_or("relay");
    const auto types = call.controls.types();
    const auto base = types->find(type);
    SpawnRequest request;
    RoomKeySet settled;
    if (base != types->end()) {
        request.settings = base->second.settings;
        settled = base->second.given;
    }
    for (std::size_t i = 0; i < room_keys().size(); ++i) {
        const RoomKey& key = room_keys()[i];
        if (key.in_spawn && call.params.room_key(key, request.settings)) request.given.set(i);
    }
    if (!call.params.failed()) {
        if (auto error = settle(request.settings, request.given | settled))
            call.params.fail("send_rate", ": " + *error);
    }
    FINISH(call);
    if (base == types->end()) {
        std::vector<std::string_view> names;
        for (const auto& [name, settings] : *types) names.emplace_back(name);
        const std::string near = nearest(type, names);
        return Refused{"unknown_type", "no room type " + type + " is configured" +
                                           (near.empty() ? "" : ", the nearest is " + near) + ": add [type." + type +
                                           "] to the configuration"};
    }
    return reply(call.controls.spawn(std::move(request), call.deadline), [](const Spawned& spawned) {
        return json{{"room_id", spawned.room_id}, {"url", spawned.url}, {"node", spawned.node}, {"trace_id", spawned.trace_id}};
    });
}

Outcome room_update(Call& call) {
    UpdateRequest request;
    request.room_id = call.params.required_name("room_id");
    request.metadata = call.params.metadata();
    request.is_private = call.params.flag("private");
    request.locked = call.params.flag("locked");
    const auto seats = call.params.whole("max_players", 1, static_cast<std::int64_t>(limits::players_max));
    if (seats) request.max_players = static_cast<std::uint32_t>(*seats);
    FINISH(call);
    return done(call.controls.update(std::move(request), call.deadline));
}

Outcome room_list(Call& call) {
    RoomQuery query;
    query.type = call.params.name("type").value_or("");
    query.cursor = call.params.text("cursor", 512).value_or("");
    const auto limit = call.params.whole("limit", 1, static_cast<std::int64_t>(page_rooms_max));
    if (limit) query.limit = static_cast<std::size_t>(*limit);
    FINISH(call);
    auto rooms = call.controls.rooms(call.deadline);
    if (auto* refused = std::get_if<Refused>(&rooms)) return *refused;
    const auto page = cut_page(std::get<std::vector<RoomEntry>>(std::move(rooms)), query);
    if (!page) return ParamError{"cursor is not one that room.list gave", "cursor", {}, {}};
    return to_json(*page);
}

Outcome room_info(Call& call) {
    auto room_id = call.params.required_name("room_id");
    FINISH(call);
    return reply(call.controls.room(std::move(room_id), call.deadline),
                 [](const RoomInfo& room) { return to_json(room); });
}

Outcome room_close(Call& call) {
    auto room_id = call.params.required_name("room_id");
    auto reason = read_reason(call);
    FINISH(call);
    return done(call.controls.close(std::move(room_id), std::move(reason), call.deadline));
}

Outcome room_broadcast(Call& call) {
    BroadcastRequest request;
    request.room_id = call.params.required_name("room_id");
    request.type = call.params.required_text("type", limits::name_bytes_max);
    request.data = call.params.bytes("data", limits::payload_bytes_max).value_or("");
    FINISH(call);
    return done(call.controls.broadcast(std::move(request), call.deadline));
}

Outcome room_set(Call& call) {
    SetRequest request;
    request.room_id = call.params.required_name("room_id");
    request.entity = static_cast<EntityId>(call.params.whole("entity", 0, UINT32_MAX).value_or(0));
    const std::string component = call.params.required_text("component", 256);
    const json& fields = call.params.required_object("fields");
    FINISH(call);
    const auto layout = call.controls.layout(request.room_id, call.deadline);
    if (const auto* refused = std::get_if<Refused>(&layout)) return *refused;
    const Layout& known = *std::get<LayoutPointer>(layout);
    const auto index = find_component(known, component);
    if (const auto* error = std::get_if<std::string>(&index)) return ParamError{*error, "component", {}, {}};
    request.component = std::get<ComponentIndex>(index);
    if (request.component < first_schema_component) {
        return ParamError{"component " + component + " is the relay's own; use room.update", "component", {}, {}};
    }
    auto packed = pack_fields(known.component(request.component), fields);
    if (auto* error = std::get_if<std::string>(&packed)) return ParamError{std::move(*error), "fields", {}, {}};
    request.mask = std::get<PackedFields>(packed).mask;
    request.data = std::get<PackedFields>(std::move(packed)).data;
    return reply(call.controls.set(std::move(request), call.deadline), [](const SetDone& set) {
        return json{{"tick", set.tick}};
    });
}

Outcome room_show(Call& call) {
    static const std::vector<std::string_view> audiences = {"everyone", "owner", "team", "players"};
    ShowRequest request;
    request.room_id = call.params.required_name("room_id");
    request.entity = static_cast<EntityId>(call.params.whole("entity", 1, UINT32_MAX).value_or(0));
    if (request.entity == 0 && !call.params.failed()) call.params.fail("entity", "is required");
    const auto by = call.params.choice("to", audiences);
    if (!by && !call.params.failed()) call.params.fail("to", "is required", "everyone, owner, team or players");
    request.by = static_cast<SeenBy>(by.value_or(0));
    if (const json* ids = call.params.any("player_ids")) {
        const auto is_name = [](const json& id) { return id.is_string() && valid_name(id.get_ref<const std::string&>()); };
        const bool good = ids->is_array() && ids->size() <= limits::audience_max && std::ranges::all_of(*ids, is_name);
        if (!good || request.by != SeenBy::players)
            call.params.fail("player_ids", "goes with to = \"players\" and is a list of player ids", "up to 256");
        else
            request.player_ids = ids->get<std::vector<std::string>>();
    }
    FINISH(call);
    return done(call.controls.show(std::move(request), call.deadline));
}

Outcome player_update(Call& call) {
    auto request = about_player<PlayerUpdateRequest>(call);
    if (const auto team = call.params.whole("team", 0, UINT32_MAX)) request.team = static_cast<std::uint32_t>(*team);
    if (const json* at = call.params.any("looks_from")) {
        const auto is_place = [](const json& x) { return x.is_number() && std::abs(x.get<double>()) <= 1e9; };
        if (at->is_array() && at->size() <= 3 && std::ranges::all_of(*at, is_place)) {
            Point point{};
            for (std::size_t i = 0; i < at->size(); ++i) point[i] = (*at)[i].get<float>();
            request.looks_from.emplace(at->empty() ? std::nullopt : std::optional(point));
        } else {
            call.params.fail("looks_from", "is a place, or [] for its own entities", "up to 3 numbers");
        }
    }
    FINISH(call);
    return done(call.controls.update_player(std::move(request), call.deadline));
}

Outcome room_state(Call& call) {
    auto room_id = call.params.required_name("room_id");
    FINISH(call);
    return reply(call.controls.state({.room_id = room_id}, call.deadline), [&](const RoomState& state) {
        json result = state_to_json(state);
        result["room_id"] = room_id;
        return result;
    });
}

Outcome room_result(Call& call) {
    ResultRequest request;
    request.room_id = call.params.required_name("room_id");
    const json* data = call.params.any("data");
    if (data == nullptr) {
        call.params.fail("data", "is required");
    } else if ((request.data = dump_line(*data)).size() > limits::message_bytes_max) {
        call.params.fail("data", "is over 64 KiB", "up to 65536 bytes");
    }
    FINISH(call);
    return done(call.controls.result(std::move(request), call.deadline));
}

Outcome player_kick(Call& call) {
    auto request = about_player<KickRequest>(call);
    request.reason = read_reason(call);
    request.ban_s = static_cast<std::uint32_t>(call.params.whole("ban_s", 0, ban_max_s).value_or(0));
    FINISH(call);
    return done(call.controls.kick(std::move(request), call.deadline));
}

Outcome player_simulate(Call& call) {
    auto request = about_player<SimulateRequest>(call);
    request.conditions.delay_ms = static_cast<std::uint32_t>(call.params.whole("delay_ms", 0, delay_max_ms).value_or(0));
    request.conditions.jitter_ms = static_cast<std::uint32_t>(call.params.whole("jitter_ms", 0, delay_max_ms).value_or(0));
    request.conditions.loss = call.params.number("loss", 0, 1).value_or(0);
    request.conditions.bytes_per_s = static_cast<std::uint64_t>(call.params.whole("bytes_per_s", 0, INT64_MAX).value_or(0));
    FINISH(call);
    return done(call.controls.simulate(std::move(request), call.deadline));
}

constexpr std::array room_method_table = {
    Method{"room.spawn", true, room_spawn, "type?, *",
           "Makes a room; the other parameters are room settings. An `id` that exists gives that room where the settings agree, else `room_exists`: a retry is safe. The answer: `room_id`, `url`, `node`, `trace_id`."},
    Method{"room.update", true, room_update, "room_id, metadata?, private?, locked?, max_players?",
           "Changes what of a room may change."},
    Method{"room.list", false, room_list, "type?, cursor?, limit?",
           "Rooms in pages; `cursor` of the answer gets the next one. In a fleet those of all nodes, each with its `node`; `missing`: nodes that did not answer."},
    Method{"room.info", false, room_info, "room_id",
           "Settings, players with round trip, state age and bytes, ticks, bytes by component and field."},
    Method{"room.close", true, room_close, "room_id, reason?",
           "Ends a room: its players leave with `room_closed`. In a fleet also one that no node could take up after its own had ended: it is forgotten, and its id free."},
    Method{"room.broadcast", true, room_broadcast, "room_id, type, data?",
           "A message of the match server to all players; `data` is base64."},
    Method{"room.set", true, room_set, "room_id, entity?, component, fields",
           "Writes state as the authority; without `entity` the room's own."},
    Method{"room.show", true, room_show, "room_id, entity, to, player_ids?",
           "Who sees an entity, in a room with views: everyone, owner, team or players."},
    Method{"room.state", false, room_state, "room_id",
           "The whole state as JSON, named by its schema."},
    Method{"room.result", true, room_result, "room_id, data",
           "A match's result (JSON), for the journal. With `data_dir` the answer comes when the room and the result are durable; `store_failing`: they are not."},
    Method{"player.kick", true, player_kick, "room_id, player_id, reason?, ban_s?",
           "Ends a seat with `kicked`; `ban_s` keeps its player out for so long."},
    Method{"player.update", true, player_update, "room_id, player_id, team?, looks_from?",
           "A player's team, and from where it sees, in a room with views."},
    Method{"player.simulate", true, player_simulate, "room_id, player_id, delay_ms?, jitter_ms?, loss?, bytes_per_s?",
           "The relay plays a bad network to one player; without values no longer."},
};

}  // namespace

std::span<const Method> room_methods() { return room_method_table; }

}  // namespace tickrelay
