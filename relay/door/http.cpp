#include "relay/door/http.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "relay/door/json.h"
#include "relay/door/rooms.h"

namespace tickrelay {

using nlohmann::json;

namespace {

constexpr const char* no_sources = "default-src 'none'; frame-ancestors 'none'";
// The dashboard carries its own script and style, and reads /api here.
constexpr const char* dashboard_sources =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; frame-ancestors "
    "'none'";

PageAnswer page(const json& value, int status = 200) {
    return {status, "application/json", dump_line(value) + "\n", no_sources};
}

PageAnswer failure(int status, std::string_view reason, std::string_view message) {
    return page({{"error", {{"reason", reason}, {"message", message}}}}, status);
}

PageAnswer refused(const Refused& why) {
    const int status = why.reason == reason_room_not_found ? 404 : why.reason == reason_timeout ? 504 : 503;
    return failure(status, why.reason, why.message);
}

PageAnswer plain(int status, std::string text) {
    return {status, "text/plain; charset=utf-8", std::move(text), no_sources};
}

json figures(const StatsTotals& totals) {
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

}  // namespace

std::string query_value(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const auto equals = std::min(pair.find('='), pair.size());
        if (pair.substr(0, equals) == name) return std::string(pair.substr(std::min(equals + 1, pair.size())));
    }
    return {};
}

PageAnswer Operations::get(std::string_view path, std::string_view query) {
    if (path == "/healthz") return plain(200, "ok\n");
    if (path == "/readyz") return ready();
    if (path == "/metrics") {
        return {200, std::string(metrics_content_type),
                render_metrics(stats_.totals(), read_process_figures(), controls_.info().version), no_sources};
    }
    if (path == "/" || path == "/dashboard") {
        return {200, "text/html; charset=utf-8", std::string(dashboard_page()), dashboard_sources};
    }
    if (path == "/api/info") return info();
    if (path == "/api/rooms") return rooms(query);
    constexpr std::string_view room_prefix = "/api/rooms/";
    if (path.starts_with(room_prefix) && path.size() > room_prefix.size()) return room(path.substr(room_prefix.size()));
    return failure(404, "not_found",
                   "there are /healthz /readyz /metrics /dashboard /api/info /api/rooms /api/rooms/ID");
}

PageAnswer Operations::ready() {
    const std::string why = controls_.unready();
    return why.empty() ? plain(200, "ready\n") : plain(503, why + "\n");
}

PageAnswer Operations::info() {
    json answer = to_json(controls_.info());
    answer["figures"] = figures(stats_.totals());
    const auto process = read_process_figures();
    answer["process"] = {
        {"cpu_s", process.cpu_s}, {"resident_bytes", process.resident_bytes}, {"open_fds", process.open_fds}};
    return page(std::move(answer));
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
    const std::string limit = query_value(query_text, "limit");
    if (!limit.empty()) {
        const auto [end, error] = std::from_chars(limit.data(), limit.data() + limit.size(), query.limit);
        if (error != std::errc{} || end != limit.data() + limit.size() || query.limit < 1 ||
            query.limit > page_rooms_max) {
            return failure(400, "bad_params", "limit is a whole number from 1 to 1000");
        }
    }
    auto rooms = controls_.rooms(std::chrono::steady_clock::now() + call_max_);
    if (const auto* why = std::get_if<Refused>(&rooms)) return refused(*why);
    const auto cut = cut_page(std::get<std::vector<RoomEntry>>(std::move(rooms)), query);
    return cut ? page(to_json(*cut)) : failure(400, "bad_params", "cursor is not one that this list gave");
}

PageAnswer Operations::room(std::string_view room_id) {
    const auto answer = controls_.room(std::string(room_id), std::chrono::steady_clock::now() + call_max_);
    if (const auto* why = std::get_if<Refused>(&answer)) return refused(*why);
    return page(to_json(std::get<RoomInfo>(answer)));
}

}  // namespace tickrelay
