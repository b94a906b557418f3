#include "bench/load/html_report.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "bench/load/chart.h"

namespace tickrelay::bench {
namespace {

constexpr const char* page_begin = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width"/>
<meta name="color-scheme" content="light dark"/>
<title>tickrelay-bench</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 780px; margin: 2em auto; padding: 0 1em; color: #24292f; background: #fff; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; } td, th { padding: 2px 14px 2px 0; text-align: left; font-variant-numeric: tabular-nums; }
td + td { text-align: right; } tr { border-bottom: 1px solid #d0d7de; }
.notice { border-left: 4px solid #d55e00; padding: 6px 12px; margin: 8px 0; background: #fff3e8; }
.cards { display: flex; flex-wrap: wrap; gap: 12px; } .cards div { flex: 1 1 150px; padding: 8px 12px; border: 1px solid #d0d7de; border-radius: 6px; }
.cards b { display: block; font-size: 1.5em; } svg { width: 100%; height: auto; margin: 12px 0; }
@media (prefers-color-scheme: dark) {
  body { color: #e6edf3; background: #0d1117; } tr, .cards div { border-color: #3d444d; } .notice { background: #3a2410; }
}
</style>
</head>
<body>
)";

std::string text(const char* format, auto... values) {
  char out[200];
  std::snprintf(out, sizeof out, format, values...);
  return out;
}

std::string card(const std::string& value, const std::string& what) {
  return "<div><b>" + escaped(value) + "</b>" + escaped(what) + "</div>\n";
}

std::string cards(const Json& report) {
  const double expected = report["frames"]["expected"], received = report["frames"]["received"];
  std::string all = "<div class=\"cards\">\n";
  all += card(text("%.2f %%", expected > 0 ? 100 * received / expected : 0), "of the frames came");
  all += card(text("%.1f ms", report["latency_ms"]["p99"].get<double>()), "latency p99");
  all += card(text("%.1f ms", report["state_age_ms"]["p99"].get<double>()), "state age p99");
  all += card(text("%.1f", report["bytes"]["per_entity_update"].get<double>()), "bytes an entity update");
  if (report["server"].contains("cpu_us_per_frame")) {
    all += card(text("%.1f µs", report["server"]["cpu_us_per_frame"].get<double>()), "server CPU a frame");
    all += card(text("%.0f MiB", report["server"]["rss_kib"].get<double>() / 1024), "server memory");
  }
  return all + "</div>\n";
}

LineChart over_time(const Json& seconds, const std::string& title, const std::string& unit,
                    const std::vector<std::pair<std::string, std::string>>& series) {
  LineChart chart{.title = title, .x_label = "seconds", .y_label = unit, .series = {}};
  for (const auto& [name, key] : series) {
    LineChart::Series line{.name = name, .points = {}};
    for (std::size_t i = 0; i < seconds.size(); ++i) {
      line.points.emplace_back(static_cast<double>(i + 1), seconds[i][key].get<double>());
    }
    chart.series.push_back(std::move(line));
  }
  return chart;
}

BarChart distributions(const Json& report) {
  constexpr std::pair<const char*, const char*> names[] = {{"latency", "latency_ms"},
                                                           {"latency beyond the tick", "latency_beyond_tick_ms"},
                                                           {"state age", "state_age_ms"},
                                                           {"age at arrival", "age_at_arrival_ms"}};
  BarChart chart{.title = "Distributions", .unit = "ms", .groups = {}, .series = {}};
  for (const auto& [name, key] : names) chart.groups.push_back(name);
  for (const char* quantile : {"p50", "p90", "p99", "p99_9", "max"}) {
    BarChart::Series series{.name = std::string(quantile) == "p99_9" ? "p99.9" : quantile, .values = {}};
    for (const auto& [name, key] : names) series.values.push_back(report[key][quantile].get<double>());
    chart.series.push_back(std::move(series));
  }
  return chart;
}

// Every figure with its name, as the JSON has it; the seconds are in the plots.
std::string figures(const Json& report) {
  std::string rows;
  const Json flat = report.flatten();
  for (const auto& [name, value] : flat.items()) {
    if (name.starts_with("/seconds/") || name.starts_with("/notices/")) continue;
    const std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
    rows += "<tr><td>" + escaped(name.substr(1)) + "</td><td>" + escaped(shown) + "</td></tr>\n";
  }
  return "<table>\n" + rows + "</table>\n";
}

}  // namespace

std::string html(const Json& report) {
  const Json& config = report["config"];
  std::string page = page_begin;
  page += "<h1>" +
          escaped(text("%d rooms × %d players × %d Hz", config.value("rooms", 0), config.value("players", 0),
                       config.value("rate", 0))) +
          "</h1>\n";
  for (const Json& notice : report["notices"])
    page += "<p class=\"notice\">" + escaped(notice.get<std::string>()) + "</p>\n";
  page += cards(report);
  const Json& seconds = report["seconds"];
  page += svg(over_time(seconds, "Latency", "ms", {{"p50", "latency_p50_ms"}, {"p99", "latency_p99_ms"}}));
  page += svg(over_time(seconds, "State age, p99", "ms", {{"state age", "state_age_p99_ms"}}));
  page += svg(over_time(seconds, "Frames received", "a second", {{"frames", "frames"}}));
  page += svg(over_time(seconds, "Bytes received", "kB a second", {{"bytes", "kilobytes"}}));
  page += svg(distributions(report));
  page += "<h2>Every figure</h2>\n" + figures(report);
  return page + "</body>\n</html>\n";
}

}  // namespace tickrelay::bench
