#include "tools/ctl/verbs.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <vector>

#include "relay/door/base64.h"
#include "relay/door/json.h"
#include "relay/options.h"
#include "tools/ctl/show.h"

namespace tickrelay::ctl {

using nlohmann::json;

namespace {

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }
void print_json(const json& value) { print(dump_line(value) + "\n"); }

int done(const Common& common, const json& result, const std::string& text) {
    if (common.json) {
        print_json(result);
    } else {
        print(printable(text) + "\n");
    }
    return exit_clean;
}

Table facts() { return Table({"", ""}); }

// Without the empty line of titles.
void print_facts(const Table& table) {
    const std::string text = table.text();
    print(text.substr(text.find('\n') + 1));
}

json value_of(const RoomKey& key, const std::string& text) {
    const auto wrong = [&](const std::string& what) {
        std::string name(key.name);
        return Failure(exit_usage, name + " " + what + " (" + std::string(key.values) + "), not '" + text + "'");
    };
    switch (key.shape) {
        case KeyShape::text: return text;
        case KeyShape::flag: return text != "false";
        case KeyShape::schema: return encode_base64(bytes_of(read_file(text)));
        case KeyShape::number: {
            json number = parse_json(text);
            if (!number.is_number()) throw wrong("is a number");
            return number;
        }
        case KeyShape::object: {
            json object = parse_json(text);
            if (!object.is_object()) throw wrong("is a JSON object");
            return object;
        }
    }
    return nullptr;
}

std::string clock_text(const json& event) {
    const std::int64_t time_ms = event.value("time_ms", std::int64_t{0});
    const std::time_t seconds = time_ms / 1000;
    std::tm local{};
    localtime_r(&seconds, &local);
    char text[32];
    std::snprintf(text, sizeof text, "%02d:%02d:%02d.%03d", local.tm_hour, local.tm_min, local.tm_sec,
                  static_cast<int>(time_ms % 1000));
    return text;
}

std::string event_text(const json& notification) {
    const json params = notification.value("params", json::object());
    if (notification.value("method", "") == "events.lost") {
        const std::string node = cell(params, "node");
        return "(events " + cell(params, "from") + " to " + cell(params, "to") +
               (node.empty() ? " are lost: this reader was too slow)" : " of " + node + " are lost: its journal was full while NATS was away)");
    }
    std::string text = clock_text(params) + "  " + cell(params, "seq");
    for (const char* member : {"node", "type"})
        if (const std::string value = cell(params, member); !value.empty()) text += "  " + value;
    for (const char* member : {"room_id", "player_id", "room_type", "reason", "message_type", "data"}) {
        if (const std::string value = cell(params, member); !value.empty())
            text += std::string("  ") + member + "=" + value;
    }
    return text;
}

}  // namespace

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) throw Failure(exit_usage, "cannot read " + path);
    return text.str();
}

int info(const Common& common) {
    const json info = Connection(common.admin, common.proof).call("relay.info", json::object());
    if (common.json) return done(common, info, "");
    Table table = facts();
    for (const char* name :
         {"node", "version", "rooms", "players", "headroom", "draining", "listen", "ops_listen", "url"}) {
        table.add({name, cell(info, name)});
    }
    table.add({"uptime", duration_text(info.value("uptime_s", 0.0))});
    print_facts(table);
    return exit_clean;
}

int drain(const Common& common, std::optional<double> deadline_s) {
    const json params = deadline_s ? json{{"deadline_s", *deadline_s}} : json::object();
    const json result = Connection(common.admin, common.proof).call("relay.drain", params);
    return done(common, result, "draining: no new rooms or joins; " + cell(result, "rooms") + " rooms are still here");
}

int undrain(const Common& common) {
    const json result = Connection(common.admin, common.proof).call("relay.undrain", json::object());
    return done(common, result, "rooms and joins are welcome again");
}

int rooms(const Common& common, const std::string& type, std::uint64_t limit) {
    Connection connection(common.admin, common.proof);
    json all = json::array();
    std::set<std::string> missing;
    json params = {{"limit", 1000}};
    if (!type.empty()) params["type"] = type;
    while (limit == 0 || all.size() < limit) {
        if (limit != 0) params["limit"] = std::min<std::uint64_t>(limit - all.size(), 1000);
        json page = connection.call("room.list", params);
        for (auto& room : page["rooms"]) all.push_back(std::move(room));
        for (const auto& node : page.value("missing", json::array()))
            if (missing.insert(printable(node.get<std::string>())).second)
                std::fprintf(stderr, "tickrelayctl: %s did not answer: its rooms are not among these\n", printable(node.get<std::string>()).c_str());
        if (!page.contains("cursor")) break;
        params["cursor"] = page["cursor"];
    }
    if (common.json) return done(common, {{"rooms", all}}, "");
    if (all.empty()) return done(common, all, "no rooms");
    const bool fleet = all.front().contains("node");
    Table table({"ROOM", "TYPE", ">PLAYERS", ">HZ", "FLAGS", ">AGE", fleet ? "NODE" : "METADATA", fleet ? "METADATA" : ""});
    for (const auto& room : all) {
        std::string flags = room.value("locked", false) ? "locked" : "";
        if (room.value("private", false)) flags += flags.empty() ? "private" : ",private";
        const std::string metadata = cell(room, "metadata") == "{}" ? "" : cell(room, "metadata");
        table.add({cell(room, "room_id"), cell(room, "type"), cell(room, "players") + "/" + cell(room, "max_players"),
                   cell(room, "tick_rate"), flags, duration_text(room.value("age_s", 0.0)),
                   fleet ? cell(room, "node") : metadata, fleet ? metadata : ""});
    }
    print(table.text());
    return exit_clean;
}

std::string simulated_text(const json& set) {
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (set.value("delay_ms", 0U) != 0) add("delay " + cell(set, "delay_ms") + " ms");
    if (set.value("jitter_ms", 0U) != 0) add("jitter " + cell(set, "jitter_ms") + " ms");
    if (const double loss = set.value("loss", 0.0); loss > 0) add("loss " + cell({{"percent", loss * 100}}, "percent") + " %");
    if (set.value("bytes_per_s", std::uint64_t{0}) != 0) add("at most " + cell(set, "bytes_per_s") + " bytes/s");
    return text;
}

// Where the bytes of its frames went, the largest first.
std::string bytes_table(const json& info) {
    const json frames = info.value("frames", json::object());
    const double all = std::max(frames.value("bytes", 0.0), 1.0);
    Table list({"COMPONENT", ">ENTITIES", ">CHANGED/S", ">BYTES/S", ">BYTES", ">%"});
    const auto add = [&](const std::string& name, const json& of, double bytes) {
        char share[16];
        std::snprintf(share, sizeof share, "%.1f", 100 * bytes / all);
        list.add({name, cell(of, "entities"), cell(of, "changed_per_s"), cell(of, "bytes_per_s"), bytes_text(bytes), share});
    };
    const auto by_bytes = [](const json& a, const json& b) { return a.value("bytes", 0.0) > b.value("bytes", 0.0); };
    std::vector<json> components = info["components"];
    std::ranges::stable_sort(components, by_bytes);
    for (const json& component : components) {
        add(cell(component, "name"), component, component.value("bytes", 0.0));
        std::vector<json> fields = component.value("fields", json::array());
        std::ranges::stable_sort(fields, by_bytes);
        for (const json& field : fields)
            if (field.value("bytes", 0.0) > 0) add("  ." + cell(field, "name"), json::object(), field.value("bytes", 0.0));
    }
    for (const char* part : {"envelope", "events", "other"}) add(std::string("(") + part + ")", json::object(), frames.value(part, 0.0));
    add("all frames", {{"bytes_per_s", frames.value("bytes_per_s", 0.0)}}, frames.value("bytes", 0.0));
    return list.text();
}

int room(const Common& common, const std::string& room_id) {
    const json info = Connection(common.admin, common.proof).call("room.info", {{"room_id", room_id}});
    if (common.json) return done(common, info, "");
    Table table = facts();
    for (const char* name :
         {"room_id", "node", "url", "term", "tick", "entities", "ticks_skipped", "tick_mean_us", "tick_max_us"}) {
        table.add({name, cell(info, name)});
    }
    table.add({"sent", bytes_text(info.value("bytes_per_s", 0.0)) + "/s"});
    table.add({"age", duration_text(info.value("age_s", 0.0))});
    const json settings = info.value("settings", json::object());
    for (const auto& [name, value] : settings.items()) table.add({name, cell(settings, name.c_str())});
    print_facts(table);
    if (const json players = info.value("players", json::array()); !players.empty()) {
        Table list({"PLAYER", ">NUMBER", "ROLE", "CONNECTED", ">RTT MS", ">AGE MS", ">BYTES/S", ">BEHIND", "SIMULATED"});
        for (const auto& player : players) {
            list.add({cell(player, "player_id"), cell(player, "player"), cell(player, "role"),
                      cell(player, "connected"), cell(player, "rtt_ms"), cell(player, "state_age_ms"),
                      cell(player, "bytes_per_s"), cell(player, "behind_ticks"),
                      simulated_text(player.value("simulated", json::object()))});
        }
        print("\n" + list.text());
    }
    if (info.contains("components")) print("\n" + bytes_table(info));
    return exit_clean;
}

int state(const Common& common, const std::string& room_id) {
    const json state = Connection(common.admin, common.proof).call("room.state", {{"room_id", room_id}});
    if (common.json) return done(common, state, "");
    print(state.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
    return exit_clean;
}

int spawn(const Common& common, const std::vector<std::pair<const RoomKey*, std::string>>& keys) {
    json params = json::object();
    for (const auto& [key, text] : keys) params[std::string(key->name)] = value_of(*key, text);
    const json result = Connection(common.admin, common.proof).call("room.spawn", params);
    return done(common, result, cell(result, "room_id") + "  " + cell(result, "url") + "  on " + cell(result, "node"));
}

int close(const Common& common, const std::string& room_id, const std::string& reason) {
    json params = {{"room_id", room_id}};
    if (!reason.empty()) params["reason"] = reason;
    return done(common, Connection(common.admin, common.proof).call("room.close", params), "room " + room_id + " is closed");
}

int kick(const Common& common, const std::string& room_id, const std::string& player_id, const std::string& reason,
         std::uint64_t ban_s) {
    json params = {{"room_id", room_id}, {"player_id", player_id}, {"ban_s", ban_s}};
    if (!reason.empty()) params["reason"] = reason;
    return done(common, Connection(common.admin, common.proof).call("player.kick", params), player_id + " is out of room " + room_id);
}

int simulate(const Common& common, const std::string& room_id, const std::string& player_id, const Conditions& conditions) {
    const json set = {{"delay_ms", conditions.delay_ms},
                      {"jitter_ms", conditions.jitter_ms},
                      {"loss", conditions.loss},
                      {"bytes_per_s", conditions.bytes_per_s}};
    json params = set;
    params["room_id"] = room_id;
    params["player_id"] = player_id;
    return done(common, Connection(common.admin, common.proof).call("player.simulate", params),
                conditions.any() ? player_id + " has " + simulated_text(set) + " from now on" : player_id + " has its own network again");
}

int ticket(const Common& common, const std::string& room_id, const std::string& player_id, const std::string& role,
           std::uint64_t ttl_s) {
    const json result =
        Connection(common.admin, common.proof)
            .call("ticket.issue", {{"room_id", room_id}, {"player_id", player_id}, {"role", role}, {"ttl_s", ttl_s}});
    return done(common, result, cell(result, "ticket") + "  " + cell(result, "url"));
}

int watch(const Common& common, const std::string& room_id, std::optional<std::uint64_t> after_seq, bool fleet) {
    Connection connection(common.admin, common.proof);
    json params = json::object();
    if (!room_id.empty()) params["room_id"] = room_id;
    if (after_seq) params["after_seq"] = *after_seq;
    if (fleet) params["fleet"] = true;
    connection.call("events.subscribe", params);
    while (true) {
        const json notification = connection.next_notification();
        print((common.json ? dump_line(notification) : event_text(notification)) + "\n");
        std::fflush(stdout);
    }
}

int call(const Common& common, const std::string& method, const std::string& params) {
    const json parsed = params.empty() ? json::object() : parse_json(params);
    if (!parsed.is_object()) throw Failure(exit_usage, "the parameters are a JSON object, as '{\"room_id\": \"a\"}'");
    print_json(Connection(common.admin, common.proof).call(method, parsed));
    return exit_clean;
}

int show_version(const Common& common) {
    json versions = {{"tickrelayctl", version()}};
    try {
        versions["relay"] = Connection(common.admin, common.proof).call("relay.info", json::object()).value("version", "");
    } catch (const Failure& failure) {
        if (!common.admin.empty() || failure.code != exit_no_relay) throw;
    }
    return done(common, versions,
                "tickrelayctl " + std::string(version()) +
                    (versions.contains("relay") ? ", relay " + cell(versions, "relay") : ""));
}

}  // namespace tickrelay::ctl
