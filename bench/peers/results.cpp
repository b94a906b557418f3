#include "bench/peers/results.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>

#include "bench/load/chart.h"
#include "bench/peers/peer.h"
#include "bench/peers/results_text.h"
#include "bench/peers/runs.h"
#include "bench/peers/series.h"

namespace tickrelay::bench {
namespace {

constexpr std::size_t rounds_wanted = 5;
constexpr double slow_updates_per_s = 64 * 30 * 1e-3;  // thousands, that a player of the slow series gets
constexpr double quiet_others_cpu = 0.05;              // what the machine does by itself

std::string text(const char* format, double value) {
  if (std::isnan(value)) return "–";
  char words[256];
  std::snprintf(words, sizeof words, format, value);
  return words;
}

std::string row(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += " " + cell + " |";
  return line + "\n";
}

std::string head(const std::vector<std::string>& cells) {
  std::string line = row(cells) + "|";
  for (std::size_t i = 0; i < cells.size(); ++i) line += "---|";
  return line + "\n";
}

RunChoice matrix_choice(const Configuration& configuration, const std::string& peer) {
  return {"matrix", peer, configuration.rooms, configuration.players, configuration.rate_hz};
}

std::string name(const Configuration& configuration) {
  return std::to_string(configuration.rooms) + " × " + std::to_string(configuration.players) + " × " +
         std::to_string(configuration.rate_hz) + " Hz";
}

double frames_share(const Runs& runs) {
  std::vector<double> shares;
  for (const Json& run : runs.all()) {
    shares.push_back(run["frames"]["received"].get<double>() / std::max(run["frames"]["expected"].get<double>(), 1.0));
  }
  return median_of(std::move(shares));
}

// The seats that were there still, of those who came back.
std::string returned(const Runs& runs) {
  double back = 0, dropped = 0, seats = 0;
  for (const double value : runs.figures("/returned/back")) back += value;
  for (const double value : runs.figures("/returned/dropped")) dropped += value;
  for (const double value : runs.figures("/returned/in_their_seats")) seats += value;
  if (dropped == 0) return "–";
  return text("%.0f ms", runs.median("/returned/p50_ms")) + text(", %.0f %% back", 100 * back / dropped) +
         (seats > 0 ? text(", %.0f %% same seat", 100 * seats / dropped) : ", new seats");
}

bool all_disturbed(const Runs& runs) { return std::ranges::all_of(runs.all(), disturbed); }

std::string configuration_table(const Runs& all, const Configuration& configuration) {
  const Runs floor = all.chosen(matrix_choice(configuration, "floor")).calm();
  std::string table = "### " + name(configuration) + "\n\n" +
                      head({"", "CPU a frame", "× floor", "CPU", "frames", "late", "latency p50, p99, p99.9",
                            "state age p99", "bytes an update", "memory", "back after a drop", "n"});
  for (const Peer& peer : all_peers()) {
    const Runs every = all.chosen(matrix_choice(configuration, peer.name)), runs = every.calm();
    if (runs.empty()) continue;
    const double late = runs.median("/frames/late") / runs.median("/frames/expected");
    table += row({peer.title + (all_disturbed(runs) ? " †" : ""), text("%.1f µs", runs.median("/server/us_per_frame")),
                  text("%.2f", runs.median_ratio("/server/us_per_frame", floor)),
                  text("%.0f %%", 100 * runs.median("/server/cpu")), text("%.1f %%", 100 * frames_share(runs)),
                  text("%.2f %%", 100 * late),
                  text("%.1f", runs.median("/latency_ms/p50")) + text(", %.1f", runs.median("/latency_ms/p99")) +
                      text(", %.1f ms", runs.median("/latency_ms/p99_9")),
                  text("%.0f ms", runs.median("/state_age_ms/p99")), text("%.1f", runs.median("/bytes_per_update")),
                  text("%.0f MiB", runs.median("/server/rss_mib")), returned(runs),
                  std::to_string(runs.size()) + " of " + std::to_string(every.size())});
  }
  return table + "\n";
}

std::string capacity_table(const Runs& all) {
  std::string table =
      head({"", "rooms held, median", "lowest to highest", "what failed above", "there: CPU, latency p99", "n"});
  for (const Peer& peer : all_peers()) {
    const Runs runs = all.chosen({.series = "capacity", .peer = peer.name});
    if (runs.empty()) continue;
    std::set<std::string> limits;
    for (const Json& run : runs.all()) limits.insert(run["limit"].get<std::string>());
    std::string limit;
    for (const std::string& one : limits) limit += (limit.empty() ? "" : "; ") + one;
    table += row({peer.title, text("%.0f", runs.median("/rooms")),
                  text("%.0f to ", runs.smallest("/rooms")) + text("%.0f", runs.largest("/rooms")), limit,
                  text("%.0f %%", 100 * runs.median("/held/server/cpu")) +
                      text(", %.0f ms", runs.median("/held/latency_ms/p99")),
                  std::to_string(runs.size())});
  }
  return table;
}

std::string age_at(const Runs& runs, std::size_t second) {
  const double age_ms = runs.median("/slow/age_ms_by_second/" + std::to_string(second - 1));
  return text("%.2f s", age_ms > 0 ? age_ms / 1e3 : NAN);  // 0: nobody was left to look at
}

std::string slow_closed(const Runs& runs) {
  std::string what;
  for (const Json& run : runs.all()) {
    for (const auto& [error, count] : run["errors"].items()) {
      if (error.starts_with("slow player closed") && what.find(error) == std::string::npos) {
        what += (what.empty() ? "" : "; ") + error + " (" + std::to_string(count.get<int>()) + ")";
      }
    }
  }
  return what.empty() ? "no" : what;
}

std::string slow_table(const Runs& all) {
  std::string table = head({"", "a player's state", "age after 5 s", "10 s", "15 s", "20 s", "memory each, server",
                            "kernel", "cut off", "the others: latency p99", "n"});
  for (const Peer& peer : all_peers()) {
    const Runs every = all.chosen({.series = "slow", .peer = peer.name}), runs = every.calm();
    if (runs.empty()) continue;
    table += row({peer.title + (all_disturbed(runs) ? " †" : ""),
                  text("%.1f kB/s", runs.median("/bytes_per_update") * slow_updates_per_s), age_at(runs, 5),
                  age_at(runs, 10), age_at(runs, 15), age_at(runs, 20),
                  text("%.0f KiB", std::max(runs.median("/slow/user_kib_each"), 0.0)),
                  text("%.0f KiB", runs.median("/slow/kernel_kib_each")), slow_closed(runs),
                  text("%.1f ms", runs.median("/latency_ms/p99")),
                  std::to_string(runs.size()) + " of " + std::to_string(every.size())});
  }
  return table;
}

BarChart cpu_chart(const Runs& all) {
  BarChart chart{.title = "Server CPU for each frame a player gets", .unit = "µs", .groups = {}, .series = {}};
  for (const Configuration& configuration : matrix_configurations()) chart.groups.push_back(name(configuration));
  for (const Peer& peer : all_peers()) {
    BarChart::Series series{.name = peer.title, .values = {}};
    for (const Configuration& configuration : matrix_configurations()) {
      const double value = all.chosen(matrix_choice(configuration, peer.name)).calm().median("/server/us_per_frame");
      series.values.push_back(std::isnan(value) ? -1 : value);
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

BarChart figure_chart(const Runs& all, const std::string& title, const std::string& unit, RunChoice choice,
                      const std::string& pointer) {
  BarChart chart{.title = title, .unit = unit, .groups = {}, .series = {{.name = unit, .values = {}}}};
  for (const Peer& peer : all_peers()) {
    choice.peer = peer.name;
    Runs runs = all.chosen(choice);
    if (runs.empty()) continue;
    if (choice.series == "matrix") runs = runs.calm();
    chart.groups.push_back(peer.title);
    chart.series.front().values.push_back(runs.median(pointer));
  }
  return chart;
}

LineChart slow_chart(const Runs& all) {
  LineChart chart{.title = "How old the newest state is that a slow player holds",
                  .x_label = "seconds",
                  .y_label = "seconds old",
                  .series = {}};
  for (const Peer& peer : all_peers()) {
    const Runs runs = all.chosen({.series = "slow", .peer = peer.name}).calm();
    LineChart::Series series{.name = peer.title, .points = {}};
    for (std::size_t second = 1; second <= 20; ++second) {
      const double age_ms = runs.median("/slow/age_ms_by_second/" + std::to_string(second - 1));
      if (!std::isnan(age_ms) && age_ms > 0) series.points.emplace_back(second, age_ms / 1e3);
    }
    if (!series.points.empty()) chart.series.push_back(std::move(series));
  }
  return chart;
}

// That a median of the four configurations is of.
std::size_t fewest_runs(const Runs& all) {
  std::size_t fewest = SIZE_MAX;
  for (const Configuration& configuration : matrix_configurations()) {
    for (const Peer& peer : all_peers()) {
      const Runs runs = all.chosen(matrix_choice(configuration, peer.name));
      if (!runs.empty()) fewest = std::min(fewest, all_disturbed(runs) ? 0 : runs.calm().size());
    }
  }
  return fewest;
}

std::string circumstances(const Runs& all) {
  const Runs matrix = all.chosen({.series = "matrix"});
  std::set<std::string> machines, versions;
  for (const Json& run : matrix.all()) {
    machines.insert(run["machine"].value("words", "?"));
    versions.insert(run.value("version", "?"));
  }
  std::string page = "Machine:";
  for (const std::string& machine : machines) page += " " + machine + ".";
  page += " Versions:";
  for (const std::string& version : versions) page += " " + version + ";";
  page.back() = '.';
  page += text(" Load average of the machine during the runs, our own two programs in it: %.1f",
               matrix.smallest("/machine/load")) +
          text(" to %.1f.", matrix.largest("/machine/load")) +
          text(" Others than the server and the generator used %.2f", matrix.median("/machine/others_cpu")) +
          text(" CPUs in the median, %.2f at most.\n\n", matrix.largest("/machine/others_cpu"));
  const std::size_t fewest = fewest_runs(all);
  if (fewest < rounds_wanted || matrix.median("/machine/others_cpu") > quiet_others_cpu) {
    page +=
        "**Preliminary**: others were at work on the machine; the smallest number of undisturbed runs that a median is "
        "of is " +
        std::to_string(fewest) + ". `bench/peers/run` repeats all of it.\n\n";
  }
  return page;
}

void write(const std::string& path, const std::string& content) {
  if (!(std::ofstream(path) << content)) throw std::runtime_error("cannot write " + path);
}

}  // namespace

void write_results(const ResultsOptions& options) {
  const Runs all = Runs::read(options.file);
  const auto picture = [&](const std::string& file, const std::string& content, const std::string& words) {
    write(options.pictures + "/" + file, content);
    const auto folder = std::filesystem::absolute(options.markdown).parent_path();
    const auto there = std::filesystem::absolute(options.pictures + "/" + file).lexically_relative(folder);
    return "![" + words + "](" + there.string() + ")\n\n";
  };
  std::string page = results_begin + circumstances(all) + results_matrix;
  page += picture("peers-cpu.svg", svg(cpu_chart(all)), "Server CPU for each frame");
  for (const Configuration& configuration : matrix_configurations()) page += configuration_table(all, configuration);
  const Configuration& last = matrix_configurations()[2];
  page += picture("peers-bytes.svg",
                  svg(figure_chart(all, "Bytes for each update of an entity, " + name(last), "bytes",
                                   matrix_choice(last, ""), "/bytes_per_update")),
                  "Bytes for each update of an entity");
  page += results_capacity;
  if (all.chosen({.series = "capacity"}).empty()) {
    page +=
        "Not measured yet: it takes a machine on which nobody else is at work. `bench/peers/run --only capacity`\n\n";
  } else {
    page += capacity_table(all) + "\n" +
            picture("peers-rooms.svg",
                    svg(figure_chart(all, "Rooms of 10 players at 30 Hz on one core", "rooms", {.series = "capacity"},
                                     "/rooms")),
                    "Rooms held");
  }
  if (!all.chosen({.series = "slow"}).empty()) {
    page += results_slow + slow_table(all) + "\n" +
            picture("peers-slow.svg", svg(slow_chart(all)), "State age of slow players");
  }
  write(options.markdown, page + results_end);
}

}  // namespace tickrelay::bench
