#include "relay/door/rpc.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "relay/door/event_json.h"
#include "relay/door/fleet_wide.h"
#include "relay/door/json.h"
#include "relay/door/methods.h"
#include "relay/door/nearest.h"
#include "relay/log.h"

namespace tickrelay {

using nlohmann::json;

namespace {

constexpr int parse_error = -32700;
constexpr int invalid_request = -32600;
constexpr int method_not_found = -32601;
constexpr int invalid_params = -32602;
constexpr int internal_error = -32603;
constexpr int refused_by_relay = -32000;
constexpr std::size_t batch_max = 1'000;
constexpr std::size_t news_events_max = 32;
constexpr std::size_t news_batches_max = 32;

json failure(const json& id, int code, std::string message, json data) {
    return {{"jsonrpc", "2.0"},
            {"id", id},
            {"error", {{"code", code}, {"message", std::move(message)}, {"data", std::move(data)}}}};
}

json invalid(const json& id, std::string message) {
    return failure(id, invalid_request, std::move(message), {{"reason", "invalid_request"}});
}

json unknown_method(const json& id, const std::string& name) {
    std::vector<std::string_view> known;
    for (const auto table : {relay_methods(), room_methods(), ban_methods()}) {
        for (const auto& method : table) known.push_back(method.name);
    }
    std::string near = nearest(name, known);
    json data = {{"reason", "unknown_method"}};
    std::string message = "unknown method " + name.substr(0, 64);
    if (!near.empty()) {
        message += ", the nearest is " + near;
        data["nearest"] = std::move(near);
    }
    return failure(id, method_not_found, std::move(message), std::move(data));
}

json bad_params(const json& id, ParamError error) {
    json data = {{"reason", "bad_params"}, {"param", std::move(error.param)}};
    if (!error.range.empty()) data["range"] = std::move(error.range);
    if (!error.nearest.empty()) data["nearest"] = std::move(error.nearest);
    return failure(id, invalid_params, std::move(error.message), std::move(data));
}

std::string text_in(const json& params, const char* name) {
    const auto found = params.find(name);
    return found != params.end() && found->is_string() ? found->get<std::string>().substr(0, 64) : std::string{};
}

log::Level level_of(const Method& method) { return method.changes ? log::Level::info : log::Level::debug; }

// The room's id; of a room that the call makes, too.
std::string room_of(const json& params, const Outcome& outcome) {
    const std::string given = text_in(params, params.contains("room_id") ? "room_id" : "id");
    const auto* result = std::get_if<json>(&outcome);
    return given.empty() && result != nullptr ? text_in(*result, "room_id") : given;
}

// trace_id: of the room before the call, which may have ended it.
void audit(const Method& method, const json& params, const Outcome& outcome, const AdminSession& session, std::string trace_id) {
    const auto level = level_of(method);
    std::string result = "ok";
    if (const auto* refused = std::get_if<Refused>(&outcome)) result = refused->reason;
    if (std::holds_alternative<ParamError>(outcome)) result = "bad_params";
    const auto* given = std::get_if<json>(&outcome);
    if (trace_id.empty()) trace_id = text_in(given != nullptr && given->contains("trace_id") ? *given : params, "trace_id");
    const std::string room_id = room_of(params, outcome);
    const std::string player_id = text_in(params, "player_id");
    const std::string address = text_in(params, "address");
    if (session.peer_uid >= 0) {
        log::write(level, "admin call",
                   {{"method", method.name}, {"result", result}, {"room_id", room_id}, {"trace_id", trace_id}, {"player_id", player_id}, {"address", address},
                    {"peer_uid", session.peer_uid}, {"peer_gid", session.peer_gid}, {"peer_pid", session.peer_pid}});
    } else {
        log::write(level, "admin call",
                   {{"method", method.name}, {"result", result}, {"room_id", room_id}, {"trace_id", trace_id}, {"player_id", player_id}, {"address", address},
                    {"door", session.door}, {"peer", session.peer}, {"peer_address", session.peer_address}});
    }
}

std::string notification(const char* method, json params) {
    return dump_line({{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}}) + "\n";
}

// Numbers are the fleet's journal's, by which a reader goes on; a node's own is node_seq. Empty: the filter does not take it.
std::string fleet_news(const EventFeed::Event& event, const EventRing::Filter& filter) {
    if (event.lost_from != 0) return notification("events.lost", {{"from", event.lost_from}, {"to", event.seq}});
    json object = parse_json(event.text);
    if (!object.is_object()) return {};
    const std::string type = text_in(object, "type");
    if (type == "events.lost") {  // by a node, before it could tell the fleet
        object.erase("type");
        object["seq"] = event.seq;
        return notification("events.lost", std::move(object));
    }
    if (!filter.room_id.empty() && text_in(object, "room_id") != filter.room_id) return {};
    if (!filter.types.empty() && std::ranges::none_of(filter.types, [&](RelayEventType each) { return name_of(each) == type; })) return {};
    object["node_seq"] = std::exchange(object["seq"], event.seq);
    return notification("event", std::move(object));
}

// A room in their parameters chooses what they are about, not which node answers.
bool is_about_rooms_anywhere(const std::string& name) {
    return name == "events.subscribe" || std::ranges::any_of(ban_methods(), [&](const Method& each) { return each.name == name; });
}

}  // namespace

const Method* find_method(std::string_view name) {
    for (const auto table : {relay_methods(), room_methods(), ban_methods()}) {
        for (const auto& method : table) {
            if (method.name == name) return &method;
        }
    }
    return nullptr;
}

Outcome run_method(const Method& method, const json& params, Controls& controls, EventRing& events, AdminSession& session,
                   Deadline deadline) {
    Params reader(params);
    Call call{controls, events, session, reader, deadline};
    if (!log::enabled(level_of(method))) return method.run(call);
    const std::string trace_id = controls.trace_of(text_in(params, params.contains("room_id") ? "room_id" : "id"));
    Outcome outcome = method.run(call);
    audit(method, params, outcome, session, trace_id);
    return outcome;
}

Outcome with_others(Controls& controls, const std::string& name, const json& params, Outcome own, const AdminSession& session, Deadline deadline) {
    const std::string_view theirs = session.forwarded ? "" : fleet_wide(name, params);
    if (theirs.empty() || std::holds_alternative<ParamError>(own)) return own;
    const auto others = controls.ask_others(dump_line({{"jsonrpc", "2.0"}, {"id", 0}, {"method", theirs}, {"params", params}}), deadline);
    return others ? put_together(name, params, std::move(own), controls.info().node, *others) : std::move(own);
}

std::string Rpc::answer(std::string_view line, AdminSession& session) {
    const json request = parse_json(line);
    if (request.is_discarded()) {
        return dump_line(failure(nullptr, parse_error, "the line is not JSON: one object a line, ended by a line break",
                                 {{"reason", "parse_error"}}));
    }
    if (!request.is_array()) {
        const json one = answer_one(request, session);
        return one.is_null() ? std::string{} : dump_line(one);
    }
    if (request.empty() || request.size() > batch_max) {
        return dump_line(invalid(nullptr, "a batch has 1 to " + std::to_string(batch_max) + " requests"));
    }
    json answers = json::array();
    for (const auto& each : request) {
        if (json one = answer_one(each, session); !one.is_null()) answers.push_back(std::move(one));
    }
    return answers.empty() ? std::string{} : dump_line(answers);
}

// Null for a notification.
json Rpc::answer_one(const json& request, AdminSession& session) {
    if (!request.is_object()) return invalid(nullptr, "a request is an object");
    const auto id = request.find("id");
    const bool wants_answer = id != request.end();
    const json shown_id = wants_answer && (id->is_string() || id->is_number()) ? *id : json(nullptr);
    if (wants_answer && shown_id.is_null() && !id->is_null())
        return invalid(nullptr, "id must be a string or a number");
    const auto version = request.find("jsonrpc");
    if (version == request.end() || *version != "2.0") return invalid(shown_id, R"(jsonrpc must be "2.0")");
    const auto method = request.find("method");
    if (method == request.end() || !method->is_string()) return invalid(shown_id, "method must be a string");
    static const json none = json::object();
    const auto given = request.find("params");
    json result;
    try {
        result = call(shown_id, method->get<std::string>(), given == request.end() ? none : *given, session);
    } catch (const json::exception& wrong) {  // nothing that is asked ends the thread that answers all
        log::error("a call on the admin socket failed inside the relay", {{"method", method->get<std::string>().substr(0, 64)}, {"why", wrong.what()}});
        result = failure(shown_id, internal_error, "the relay cannot answer this: tell its makers what was asked", {{"reason", "internal_error"}});
    }
    return wants_answer ? result : json(nullptr);
}

json Rpc::call(const json& id, const std::string& name, const json& params, AdminSession& session) {
    const Method* method = find_method(name);
    if (method == nullptr) return unknown_method(id, name);
    if (!params.is_object()) {
        return bad_params(id, {"params must be an object: parameters have names", "params", "an object", {}});
    }
    const Deadline deadline = std::chrono::steady_clock::now() + call_max_;
    if (auto answer = forward(id, name, params, session, deadline)) return *std::move(answer);
    Outcome outcome = run_method(*method, params, controls_, events_, session, deadline);
    outcome = with_others(controls_, name, params, std::move(outcome), session, deadline);
    if (auto* error = std::get_if<ParamError>(&outcome)) return bad_params(id, std::move(*error));
    if (auto* refused = std::get_if<Refused>(&outcome)) {
        return failure(id, refused_by_relay, std::move(refused->message), {{"reason", std::move(refused->reason)}});
    }
    return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::get<json>(std::move(outcome))}};
}

// Where the room is another node's, or one is to be made there. Events are each node's own.
std::optional<json> Rpc::forward(const json& id, const std::string& name, const json& params, const AdminSession& session, Deadline deadline) {
    if (session.forwarded || is_about_rooms_anywhere(name)) return std::nullopt;
    const bool spawns = name == "room.spawn";
    const auto room = params.find(spawns ? "id" : "room_id");
    if (!spawns && (room == params.end() || !room->is_string())) return std::nullopt;
    const std::string room_id = room != params.end() && room->is_string() ? room->get<std::string>() : std::string();
    const std::string line = dump_line({{"jsonrpc", "2.0"}, {"id", 0}, {"method", name}, {"params", params}});
    const auto answered = controls_.forward(name, room_id, line, deadline);
    if (!answered) return std::nullopt;
    json answer = parse_json(*answered);
    if (fleet_wide(name, params) == "player.ban") {  // a kick's: the room may move, here too
        const std::string ban = dump_line({{"jsonrpc", "2.0"}, {"id", 0}, {"method", "player.ban"}, {"params", params}});
        AdminSession here = session;
        here.forwarded = true;
        this->answer(ban, here);
        controls_.ask_others(ban, deadline);
    }
    if (!answer.is_object()) return failure(id, refused_by_relay, "the room's node gave no answer that can be read", {{"reason", reason_not_available}});
    answer["id"] = id;
    return answer;
}

std::string Rpc::refusal(std::string_view reason, std::string message) {
    return dump_line(failure(nullptr, refused_by_relay, std::move(message), {{"reason", reason}}));
}

std::string Rpc::news(AdminSession& session, std::size_t bytes) {
    std::string out;
    session.behind = false;
    for (std::size_t batches = 0; session.subscription && out.size() < bytes; ++batches) {
        if ((session.behind = batches == news_batches_max)) break;  // a filter may take nothing of a long journal, and others wait for this thread
        auto& [filter, cursor, fleet] = *session.subscription;
        if (fleet) {
            const auto events = fleet->take(news_events_max);
            if (events.empty()) break;
            for (const EventFeed::Event& event : events) out += fleet_news(event, filter);
            continue;
        }
        const auto batch = events_.read(cursor, filter, news_events_max);
        if (batch.cursor == cursor) break;
        cursor = batch.cursor;
        if (batch.lost_from != 0)
            out += notification("events.lost", {{"from", batch.lost_from}, {"to", batch.lost_to}});
        for (const auto& event : batch.events) out += notification("event", to_json(event));
    }
    return out;
}

std::string Rpc::line_too_long(std::size_t bytes_max) {
    return dump_line(failure(nullptr, invalid_request, "a line has at most " + std::to_string(bytes_max) + " bytes",
                             {{"reason", "too_large"}}));
}

}  // namespace tickrelay
