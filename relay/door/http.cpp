#include "relay/door/http.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "relay/door/figures.h"
#include "relay/door/json.h"
#include "relay/door/methods.h"
#include "relay/door/rooms.h"
#include "relay/door/same_site.h"
#include "relay/door/values.h"
#include "relay/door/web.h"
#include "relay/log.h"

namespace tickrelay {

using nlohmann::json;

namespace {

constexpr const char* no_sources = "default-src 'none'; frame-ancestors 'none'";
// What the dashboard's buttons do. The rest of the admin socket's methods stay there.
constexpr std::array<std::string_view, 5> offered = {"player.kick", "player.simulate", "room.close", "relay.drain", "relay.undrain"};

PageAnswer page(const json& value, int status = 200) {
    return {status, "application/json", dump_line(value) + "\n", no_sources};
}

PageAnswer failure(int status, std::string_view reason, std::string_view message) {
    return page({{"error", {{"reason", reason}, {"message", message}}}}, status);
}

PageAnswer refused(const Refused& why) {
    const bool missing = why.reason == reason_room_not_found || why.reason == reason_no_such_player;
    const int status = missing ? 404 : why.reason == reason_timeout ? 504 : why.reason == reason_not_available ? 501 : 503;
    return failure(status, why.reason, why.message);
}

PageAnswer plain(int status, std::string text) {
    return {status, "text/plain; charset=utf-8", std::move(text), no_sources};
}

// Quantiles since the start; the histograms themselves are in /api/figures.
json summary(const StatsTotals& totals) {
    const auto sum = [](const auto& counts) {
        std::uint64_t all = 0;
        for (const auto count : counts) all += count;
        return all;
    };
    const auto quantiles_ms = [](const HistogramTotal& histogram) {
        return json{{"p50", histogram.quantile_s(0.5) * 1e3}, {"p99", histogram.quantile_s(0.99) * 1e3}};
    };
    return {{"connections", totals.connections},
            {"ticks", totals.ticks},
            {"ticks_skipped", totals.ticks_skipped},
            {"frames_sent", sum(totals.frames_sent)},
            {"frames_superseded", totals.frames_superseded},
            {"bytes_sent", sum(totals.bytes_sent)},
            {"bytes_received", totals.bytes_received},
            {"state_age_ms", quantiles_ms(totals.state_age)},
            {"tick_lateness_ms", quantiles_ms(totals.tick_lateness)},
            {"tick_duration_ms", quantiles_ms(totals.tick_duration)}};
}

// A whole number of the query; `preset` where it is missing. False where it is none from 1 to `most`.
bool read_limit(std::string_view query, std::size_t most, std::size_t& limit) {
    const std::string text = query_value(query, "limit");
    if (text.empty()) return true;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    return error == std::errc{} && end == text.data() + text.size() && limit >= 1 && limit <= most;
}

PageAnswer bad_limit(std::size_t most) {
    return failure(400, "bad_params", "limit is a whole number from 1 to " + std::to_string(most));
}

}  // namespace

std::string query_value(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const auto equals = std::min(pair.find('='), pair.size());
        if (pair.substr(0, equals) != name) continue;
        std::string value(pair.substr(std::min(equals + 1, pair.size())));
        for (std::size_t at = value.find("%2"); at != std::string::npos; at = value.find("%2", at + 1)) {
            if (value.substr(at, 3) == "%26") value.replace(at, 3, "&");
            else if (value.substr(at, 3) == "%25") value.replace(at, 3, "%");
        }
        return value;
    }
    return {};
}

PageAnswer Operations::answer(const PageRequest& request) {
    const bool of_dashboard = request.post || request.path.starts_with("/api") || request.path.starts_with("/dashboard") || request.path == "/";
    if (of_dashboard && (settings_.loopback || request.post) && !trusted_host(request.host, settings_.hosts)) {
        return failure(403, "unknown_host",
                       "the Host of this request is neither an address nor localhost nor in hosts of [ops] in the configuration: add it there");
    }
    return request.post ? act(request) : get(request.path, request.query);
}

PageAnswer Operations::get(std::string_view path, std::string_view query) {
    if (path == "/healthz") return plain(200, "ok\n");
    if (path == "/readyz") {
        const std::string why = controls_.unready();
        return why.empty() ? plain(200, "ready\n") : plain(503, why + "\n");
    }
    if (path == "/metrics") {
        return {200, std::string(metrics_content_type),
                render_metrics(stats_.totals(), read_process_figures(), controls_.info().version), no_sources};
    }
    if (auto found = find_page(Pages::dashboard, path == "/" ? "/dashboard" : path)) return *std::move(found);
    return api(path, query);
}

PageAnswer Operations::api(std::string_view path, std::string_view query) {
    if (path == "/api/info") return info();
    if (path == "/api/figures") return page(figures_to_json(stats_.totals(), read_process_figures()));
    if (path == "/api/log") return log(query);
    if (path == "/api/rooms") return rooms(query);
    constexpr std::string_view room_prefix = "/api/rooms/";
    if (path.starts_with(room_prefix) && path.size() > room_prefix.size()) return room(path.substr(room_prefix.size()));
    // An id may hold any character, but a path loses "//" and "/../" on its way here: these have it in the query.
    const std::string room_id = query_value(query, "room_id");
    if (path == "/api/room") return room(room_id);
    if (path == "/api/state") return state(room_id, query);
    if (path == "/api/places") return places(room_id);
    return failure(404, "not_found",
                   "there are /healthz /readyz /metrics /dashboard /api/info /api/figures /api/log /api/rooms /api/rooms/ID, "
                   "/api/room /api/state /api/places with ?room_id=ID, and POST /api/actions/METHOD");
}

PageAnswer Operations::act(const PageRequest& request) {
    constexpr std::string_view prefix = "/api/actions/";
    const std::string_view name = request.path.starts_with(prefix) ? request.path.substr(prefix.size()) : "";
    const Method* method = std::ranges::find(offered, name) != offered.end() ? find_method(name) : nullptr;
    if (method == nullptr) {
        return failure(404, "unknown_method",
                       "POST goes to /api/actions/ and player.kick, player.simulate, room.close, relay.drain or relay.undrain");
    }
    if (!settings_.actions) {
        return failure(403, "read_only",
                       "the dashboard only shows: actions of [ops] in the configuration says who may act. The admin socket and tickrelayctl can");
    }
    if (!same_origin(request.origin, request.host)) return failure(403, "cross_site", "this request comes from a page of another site");
    if (!is_json(request.content_type)) return failure(415, "not_json", "the content-type of an action is application/json");
    if (request.body.size() > action_bytes_max) return failure(413, "too_large", "an action has at most " + std::to_string(action_bytes_max) + " bytes");
    const json params = parse_json(request.body);
    if (!params.is_object()) return failure(400, "bad_params", "the body is an object: the parameters by name");
    AdminSession session{.subscription = {}, .peer_address = to_string(request.peer), .door = "dashboard"};
    const Deadline until = deadline();
    Outcome own = run_method(*method, params, controls_, events_, session, until);
    // Not for long: /readyz is answered by this thread, too.
    const Deadline soon = std::min(until, std::chrono::steady_clock::now() + std::chrono::milliseconds(800));
    const Outcome outcome = with_others(controls_, std::string(name), params, std::move(own), session, soon);
    if (const auto* why = std::get_if<Refused>(&outcome)) return refused(*why);
    if (const auto* error = std::get_if<ParamError>(&outcome)) return failure(400, "bad_params", error->message);
    return page(std::get<json>(outcome));
}

PageAnswer Operations::info() {
    json answer = to_json(controls_.info());
    answer["actions"] = settings_.actions;
    answer["figures"] = summary(stats_.totals());
    const auto process = read_process_figures();
    answer["process"] = {
        {"cpu_s", process.cpu_s}, {"resident_bytes", process.resident_bytes}, {"open_fds", process.open_fds}};
    return page(std::move(answer));
}

PageAnswer Operations::log(std::string_view query) {
    std::size_t limit = log_lines_default;
    if (!read_limit(query, log::lines_kept, limit)) return bad_limit(log::lines_kept);
    json lines = json::array();
    for (const log::Line& line : log::last_lines(limit))
        lines.push_back({{"time_ms", line.time_ms}, {"level", log::name_of(line.level)}, {"text", line.text}});
    return page({{"lines", std::move(lines)}});
}

PageAnswer Operations::rooms(std::string_view query_text) {
    RoomQuery query;
    query.type = query_value(query_text, "type");
    query.search = query_value(query_text, "search");
    query.cursor = query_value(query_text, "cursor");
    query.descending = query_value(query_text, "descending") == "true";
    const std::string sort = query_value(query_text, "sort");
    constexpr std::array<std::string_view, 4> orders = {"room_id", "type", "players", "age_s"};
    const auto order = std::find(orders.begin(), orders.end(), sort);
    if (!sort.empty() && order == orders.end())
        return failure(400, "bad_params", "sort is room_id, type, players or age_s");
    if (!sort.empty()) query.order = static_cast<RoomOrder>(order - orders.begin());
    if (!read_limit(query_text, page_rooms_max, query.limit)) return bad_limit(page_rooms_max);
    auto rooms = controls_.rooms(deadline());
    if (const auto* why = std::get_if<Refused>(&rooms)) return refused(*why);
    const auto cut = cut_page(std::get<std::vector<RoomEntry>>(std::move(rooms)), query);
    return cut ? page(to_json(*cut)) : failure(400, "bad_params", "cursor is not one that this list gave");
}

PageAnswer Operations::room(std::string_view room_id) {
    const auto answer = controls_.room(std::string(room_id), deadline());
    if (const auto* why = std::get_if<Refused>(&answer)) return refused(*why);
    return page(to_json(std::get<RoomInfo>(answer)));
}

PageAnswer Operations::state(std::string_view room_id, std::string_view query) {
    StateRequest request{.room_id = std::string(room_id), .limit = 50};
    if (!read_limit(query, state_entities_max, request.limit)) return bad_limit(state_entities_max);
    if (const std::string after = query_value(query, "after"); !after.empty()) {
        EntityId id = 0;
        const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), id);
        if (error != std::errc{} || end != after.data() + after.size())
            return failure(400, "bad_params", "after is the id of an entity, the last of the page before");
        request.after = id;
    }
    const auto answer = controls_.state(std::move(request), deadline());
    if (const auto* why = std::get_if<Refused>(&answer)) return refused(*why);
    const auto& state = std::get<RoomState>(answer);
    if (!state.layout) return page({{"tick", state.tick}, {"term", state.term}, {"total", state.total}, {"entities", json::object()}});
    json shown = state_to_json(state);
    shown["total"] = state.total;
    return page(shown);
}

PageAnswer Operations::places(std::string_view room_id) {
    const auto answer = controls_.places({.room_id = std::string(room_id), .limit = places_max}, deadline());
    if (const auto* why = std::get_if<Refused>(&answer)) return refused(*why);
    return page(to_json(std::get<RoomPlaces>(answer)));
}

}  // namespace tickrelay
