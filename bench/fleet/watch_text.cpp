#include "bench/fleet/watch_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <vector>

namespace tickrelay::bench {
namespace {

struct Figure {
  const char* name;
  const char* pointer;  // into a round
  double times = 1;
  int digits = 1;
};

// relays/0 has the room.
constexpr Figure figures[] = {
    {"players: latency p50, ms", "/players/latency_ms/p50"},
    {"players: latency p99, ms", "/players/latency_ms/p99"},
    {"players: beyond the tick p50, ms", "/players/latency_beyond_tick_ms/p50", 1, 2},
    {"players: beyond the tick p99, ms", "/players/latency_beyond_tick_ms/p99", 1, 2},
    {"players: state age p50, ms", "/players/state_age_ms/p50"},
    {"players: state age p99, ms", "/players/state_age_ms/p99"},
    {"room's relay: ticks skipped", "/relays/0/ticks_skipped", 1, 0},
    {"room's relay: tick lateness p99, ms", "/relays/0/tick_lateness_ms/p99", 1, 2},
    {"room's relay: CPU, % of a core", "/relays/0/cpu_s_per_s", 100},
    {"other relay: CPU, % of a core", "/relays/1/cpu_s_per_s", 100},
    {"nats-server: CPU, % of a core", "/machine/nats_cpu_s_per_s", 100},
    {"room's relay: memory, MiB", "/relays/0/rss_kib", 1.0 / 1024},
    {"other relay: memory, MiB", "/relays/1/rss_kib", 1.0 / 1024},
    {"publications a second", "/relays/0/publications_per_s"},
    {"publications, kB a second", "/relays/0/publication_bytes_per_s", 1e-3, 2},
    {"room's relay: mirror age, mean, ms", "/relays/0/mirror_age_ms/mean"},
    {"room's relay: mirror age, most, ms", "/relays/0/mirror_age_ms/max"},
    {"other relay: mirror age, mean, ms", "/relays/1/mirror_age_ms/mean"},
    {"other relay: mirror age, most, ms", "/relays/1/mirror_age_ms/max"},
    {"spectators: frames a second each", "/watching/frames_per_s_each", 1, 2},
    {"spectators: the one with fewest", "/watching/frames_per_s_least", 1, 2},
    {"spectators: kB a second each", "/watching/bytes_per_s_each", 1e-3, 2},
    {"spectators: latency p50, ms", "/watching/latency_ms/p50"},
    {"spectators: latency p99, ms", "/watching/latency_ms/p99"},
    {"spectators: state age p50, ms", "/watching/state_age_ms/p50"},
    {"spectators: state age p99, ms", "/watching/state_age_ms/p99"},
    {"this program: CPU, % of a core", "/client/cpu_s_per_s", 100},
    {"this program: sends late p99, ms", "/client/lateness_ms/p99", 1, 2},
    {"this program: looks late p99, ms", "/watching/lateness_ms/p99", 1, 2},
    {"processors that were busy", "/machine/busy_cpus", 1, 2}};

std::string printed(const char* format, auto... values) {
  char text[400];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

// Null where no such round has it.
Json spread_over(const Json& rounds, const Figure& figure, bool watched) {
  const Json::json_pointer pointer(figure.pointer);
  std::vector<double> values;
  for (const Json& round : rounds) {
    if ((round["spectators"].get<unsigned>() > 0) == watched && round.contains(pointer)) values.push_back(round[pointer].get<double>() * figure.times);
  }
  if (values.empty()) return nullptr;
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {{"median", median}, {"least", values.front()}, {"most", values.back()}};
}

std::string cell(const Json& spread, int digits) {
  if (spread.is_null()) return "-";
  const double median = spread["median"], least = spread["least"], most = spread["most"];
  if (least == most) return printed("%.*f", digits, median);
  return printed("%.*f (%.*f to %.*f)", digits, median, digits, least, digits, most);
}

std::string more(const Json& figure) {
  if (figure["without"].is_null() || figure["with"].is_null()) return "";
  return printed("%+.*f", figure["digits"].get<int>(), figure["with"]["median"].get<double>() - figure["without"]["median"].get<double>());
}

// Of players and spectators, in all rounds.
std::map<std::string, std::uint64_t> errors_of(const Json& rounds) {
  std::map<std::string, std::uint64_t> all;
  for (const Json& round : rounds) {
    for (const char* whose : {"players", "watching"}) {
      if (!round.contains(whose)) continue;
      for (const auto& [what, count] : round[whose]["errors"].items()) all[std::string(whose) + ": " + what] += count.get<std::uint64_t>();
    }
  }
  return all;
}

}  // namespace

Json watch_figures(const Json& rounds) {
  Json all = Json::array();
  for (const Figure& figure : figures) {
    all.push_back({{"name", figure.name}, {"digits", figure.digits}, {"without", spread_over(rounds, figure, false)}, {"with", spread_over(rounds, figure, true)}});
  }
  return all;
}

std::string watch_line(const Json& round) {
  const Json& latency = round["players"]["latency_ms"];
  std::string line = printed("%6u spectators: players' latency p50 %.1f p99 %.1f ms, room's relay %.0f %% of a core", round["spectators"].get<unsigned>(),
                             latency["p50"].get<double>(), latency["p99"].get<double>(), 100 * round["relays"][0]["cpu_s_per_s"].get<double>());
  if (round.contains("watching")) {
    line += printed("; %.2f frames/s each, state age p99 %.0f ms", round["watching"]["frames_per_s_each"].get<double>(),
                    round["watching"]["state_age_ms"]["p99"].get<double>());
  }
  return line + "\n";
}

std::string watch_text(const Json& report) {
  const std::string with = printed("with %u", report["config"]["spectators"].get<unsigned>());
  std::string text = printed("%-38s%28s%28s%12s\n", "median (least to most)", "without", with.c_str(), "more");
  for (const Json& figure : report["figures"]) {
    const int digits = figure["digits"];
    text += printed("%-38s%28s%28s%12s\n", figure["name"].get<std::string>().c_str(), cell(figure["without"], digits).c_str(), cell(figure["with"], digits).c_str(),
                    more(figure).c_str());
  }
  const Json& memory = report["memory_kib_per_spectator"];
  if (memory.size() == 2) {
    text += printed("%-38s%.1f at the room's relay, %.1f at the other (first pair)\n", "memory of a spectator, KiB", memory[0].get<double>(), memory[1].get<double>());
  }
  for (const auto& [what, count] : errors_of(report["rounds"])) text += "error   " + what + ": " + std::to_string(count) + "\n";
  std::set<std::string> told;
  for (const Json& round : report["rounds"]) {
    for (const Json& notice : round["notices"]) told.insert(printed("notice  %u spectators: ", round["spectators"].get<unsigned>()) + notice.get<std::string>());
  }
  for (const std::string& notice : told) text += notice + "\n";
  return text;
}

}  // namespace tickrelay::bench
