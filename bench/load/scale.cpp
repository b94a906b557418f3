#include "bench/load/scale.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "bench/load/chart.h"

namespace tickrelay::bench {
namespace {

constexpr double server_cpu_max = 0.97;  // of the one core that it is pinned to
constexpr double frames_share_min = 0.99;

std::string text(const char* format, auto... values) {
  char out[300];
  std::snprintf(out, sizeof out, format, values...);
  return out;
}

struct Shape {
  std::uint32_t rooms = 1, players = 1, rate_hz = 20;
  std::uint32_t entities = 1;  // of each player, all moving
  std::uint32_t still = 0;     // of each player
  bool moves = true;
  std::uint32_t empty_rooms = 0;
};

ScalePoint point(std::uint32_t at, const Shape& shape, const std::string& codec) {
  ScalePoint made{.at = at};
  made.load.rooms = shape.rooms;
  made.load.players = made.room.players = shape.players;
  made.load.rate_hz = made.room.rate_hz = shape.rate_hz;
  made.load.entities = shape.entities;
  made.load.still = shape.still;
  made.load.moves = shape.moves;
  made.room.codec = codec;
  made.empty_rooms = shape.empty_rooms;
  return made;
}

template <class Make>
std::vector<ScalePoint> points(std::initializer_list<std::uint32_t> axis, const std::string& codec, Make make) {
  std::vector<ScalePoint> all;
  for (const std::uint32_t at : axis) all.push_back(point(at, make(at), codec));
  return all;
}

bool stands(const Json& row) { return row.contains("cpu_s_per_s") && row["limit"].get<std::string>().empty(); }

const Json* rows_of(const Json& parts, const char* name) {
  return parts.contains(name) ? &parts[name]["rows"] : nullptr;
}

// How much a figure grows a step of the axis, between the outermost rows that stand.
std::optional<double> slope(const Json& parts, const char* name, const char* figure) {
  const Json* rows = rows_of(parts, name);
  if (rows == nullptr) return std::nullopt;
  const Json *first = nullptr, *last = nullptr;
  for (const Json& row : *rows) {
    if (!stands(row) || !row.contains(figure)) continue;
    if (first == nullptr) first = &row;
    last = &row;
  }
  if (first == last) return std::nullopt;
  return ((*last)[figure].get<double>() - (*first)[figure].get<double>()) / ((*last)["at"].get<double>() - (*first)["at"].get<double>());
}

std::string cell(const Json& row, const char* figure, const char* format, double scale = 1) {
  return row.contains(figure) ? text(format, row[figure].get<double>() * scale) : "–";
}

std::string table(const Json& part) {
  std::string all = "| " + part["axis"].get<std::string>() +
                    " | CPU of a core | a frame | bytes a player and second | an update | memory | tick lateness p99 | frames | |\n"
                    "|---|---|---|---|---|---|---|---|---|\n";
  for (const Json& row : part["rows"]) {
    all += text("| %.0f | ", row["at"].get<double>()) + cell(row, "cpu_s_per_s", "%.1f %%", 100) + " | " + cell(row, "cpu_us_per_frame", "%.2f µs") + " | " +
           cell(row, "bytes_per_player_s", "%.0f") + " | " + cell(row, "bytes_per_update", "%.1f") + " | " + cell(row, "rss_kib", "%.1f MiB", 1.0 / 1024) +
           " | " + cell(row, "lateness_p99_ms", "%.2f ms") + " | " + cell(row, "frames_share", "%.2f %%", 100) + " | " + row["limit"].get<std::string>() + " |\n";
  }
  return all;
}

}  // namespace

std::vector<ScalePart> scale_parts(const std::string& codec) {
  return {{"players", "One room at 20 Hz, all see all: players of it.", "players in the room",
           points({2, 5, 10, 20, 50, 100, 200, 500, 1000}, codec, [](std::uint32_t at) { return Shape{.players = at}; })},
          {"rooms", "Rooms of two players at 10 Hz.", "rooms",
           points({1, 10, 50, 100, 200, 500, 1000, 2500, 5000}, codec,
                  [](std::uint32_t at) { return Shape{.rooms = at, .players = 2, .rate_hz = 10}; })},
          {"moving", "One room of ten players at 20 Hz: entities, all of which move.", "entities that move",
           points({10, 40, 160, 640}, codec, [](std::uint32_t at) { return Shape{.players = 10, .entities = at / 10}; })},
          {"entities", "One room of ten players at 20 Hz: entities, ten of which move.", "entities",
           points({10, 100, 1000, 5000, 10000}, codec, [](std::uint32_t at) { return Shape{.players = 10, .still = (at - 10) / 10}; })},
          {"rate", "Twenty rooms of ten players: ticks a second.", "ticks a second",
           points({10, 20, 30, 60, 128}, codec, [](std::uint32_t at) { return Shape{.rooms = 20, .players = 10, .rate_hz = at}; })},
          {"connections", "Rooms of ten players at 2 Hz: connections.", "connections",
           points({100, 1000, 5000, 10000, 15000, 19000}, codec,
                  [](std::uint32_t at) { return Shape{.rooms = at / 10, .players = 10, .rate_hz = 2}; })},
          {"idle_rooms", "Rooms at 20 Hz that nobody is in.", "empty rooms",
           points({0, 100, 1000, 4000}, codec, [](std::uint32_t at) { return Shape{.rooms = 0, .empty_rooms = at}; })},
          {"idle_players", "Rooms of ten at 20 Hz in which nobody does anything.", "players",
           points({10, 100, 1000, 5000}, codec, [](std::uint32_t at) { return Shape{.rooms = at / 10, .players = 10, .moves = false}; })}};
}

Json scale_row(const ScalePoint& point, const Json& report) {
  Json row{{"at", point.at}};
  const Json& server = report["server"];
  for (const char* figure : {"cpu_s_per_s", "cpu_us_per_frame", "rss_kib", "ticks_skipped"})
    if (server.contains(figure)) row[figure] = server[figure];
  if (server.contains("tick_lateness_ms")) row["lateness_p99_ms"] = server["tick_lateness_ms"]["p99"];
  const double window_s = report["config"]["duration_s"].get<double>(), expected = report["frames"]["expected"].get<double>();
  row["limit"] = "";
  if (point.players() != 0) row["bytes_per_player_s"] = report["bytes"]["received"].get<double>() / window_s / point.players();
  if (point.players() == 0 || !point.load.moves) {
    row.erase("cpu_us_per_frame");  // there are hardly any
    return row;
  }
  row["bytes_per_update"] = report["bytes"]["per_entity_update"];
  row["frames_share"] = expected > 0 ? report["frames"]["received"].get<double>() / expected : 0.0;
  const bool short_of_frames = row["frames_share"].get<double>() < frames_share_min;
  if (report["generator"]["saturated"].get<bool>()) {
    row["limit"] = "the generator was the limit";
  } else if (row.value("cpu_s_per_s", 0.0) > server_cpu_max) {
    row["limit"] = "the relay's core is full";
  } else if (short_of_frames) {
    row["limit"] = "frames were left out";
  }
  row["notices"] = report["notices"];
  row["errors"] = report["errors"];
  return row;
}

Json scale_row_without(const ScalePoint& point, const std::string& why) { return {{"at", point.at}, {"limit", why}}; }

Json unit_costs(const Json& parts) {
  Json costs = Json::object();
  const auto add = [&](const char* name, std::optional<double> value, const char* unit, const char* from) {
    if (value) costs[name] = {{"value", *value}, {"unit", unit}, {"from", from}};
  };
  const auto scaled = [](std::optional<double> value, double by) { return value ? std::optional(*value * by) : value; };
  const auto room_cpu = slope(parts, "idle_rooms", "cpu_s_per_s"), room_kib = slope(parts, "idle_rooms", "rss_kib");
  const auto player_cpu = slope(parts, "idle_players", "cpu_s_per_s"), player_kib = slope(parts, "idle_players", "rss_kib");
  add("an idle room, CPU", scaled(room_cpu, 1e6), "µs a second", "idle_rooms");
  add("an idle room, memory", room_kib, "KiB", "idle_rooms");
  // Each brings a tenth of a room.
  if (player_cpu && room_cpu) add("an idle player, CPU", (*player_cpu - *room_cpu / 10) * 1e6, "µs a second", "idle_players, idle_rooms");
  if (player_kib && room_kib) add("an idle player, memory", *player_kib - *room_kib / 10, "KiB", "idle_players, idle_rooms");
  add("an unchanged entity, CPU a tick", scaled(slope(parts, "entities", "cpu_s_per_s"), 1e9 / 20), "ns", "entities");
  add("an unchanged entity, memory", scaled(slope(parts, "entities", "rss_kib"), 1024), "bytes", "entities");
  add("an entity that moves, CPU a tick", scaled(slope(parts, "moving", "cpu_s_per_s"), 1e9 / 20), "ns", "moving");
  add("a connection that plays, memory", slope(parts, "connections", "rss_kib"), "KiB", "connections");
  return costs;
}

std::string scale_markdown(const Json& parts) {
  std::string all = "# How it scales\n\nMade by `tickrelay-bench scale --into bench`, which starts a relay for each point, pins it to one core and itself to the "
                    "other. Figures beside which a limit stands are none of the relay's, or of a relay at its end.\n";
  const Json costs = unit_costs(parts);
  if (!costs.empty()) {
    all += "\n## What one more costs\n\nFrom the outermost points of a part that stand.\n\n| | | from |\n|---|---|---|\n";
    for (const auto& [name, cost] : costs.items())
      all += "| " + name + text(" | %.3g ", cost["value"].get<double>()) + cost["unit"].get<std::string>() + " | " + cost["from"].get<std::string>() + " |\n";
  }
  for (const auto& [name, part] : parts.items()) {
    all += "\n## " + name + "\n\n" + part["what"].get<std::string>() + text(" %.3g s a point, codec `", part["window_s"].get<double>()) +
           part["codec"].get<std::string>() + "`, " + part["machine"].get<std::string>() + ".\n\n![" + name + "](pictures/scale-" + name + ".svg)\n\n" + table(part);
  }
  return all;
}

std::string scale_picture(const std::string& name, const Json& part) {
  const bool of_memory = name == "connections" || name == "idle_rooms" || name == "idle_players";
  const char* figure = of_memory ? "rss_kib" : name == "entities" ? "cpu_s_per_s" : "cpu_us_per_frame";
  const double scale = of_memory ? 1.0 / 1024 : name == "entities" ? 100 : 1;
  LineChart chart{.title = part["what"].get<std::string>(),
                  .x_label = part["axis"].get<std::string>(),
                  .y_label = of_memory ? "MiB of memory" : name == "entities" ? "% of a core" : "µs of CPU a frame",
                  .series = {},
                  .log_x = !of_memory && name != "rate" && name != "entities"};
  LineChart::Series stand{.name = "the relay", .points = {}}, limited{.name = "something else was the limit", .points = {}, .dots = true};
  for (const Json& row : part["rows"]) {
    if (!row.contains(figure)) continue;
    (stands(row) ? stand : limited).points.emplace_back(row["at"].get<double>(), row[figure].get<double>() * scale);
  }
  chart.series.push_back(std::move(stand));
  if (!limited.points.empty()) chart.series.push_back(std::move(limited));
  return svg(chart);
}

}  // namespace tickrelay::bench
