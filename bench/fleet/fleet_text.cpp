#include "bench/fleet/fleet_text.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace tickrelay::bench {
namespace {

[[gnu::format(printf, 2, 3)]] void add(std::string& text, const char* format, ...) {
  char line[256];
  va_list values;
  va_start(values, format);
  std::vsnprintf(line, sizeof line, format, values);
  va_end(values);
  text += line;
}

struct Spread {
  double least = 1e9, most = 0, uneven = 0;  // uneven: on average, the fullest node above the fleet
};

Spread spread_of(const FleetReport& report) {
  Spread spread;
  for (const FleetSample& sample : report.samples) {
    spread.least = std::min(spread.least, sample.load);
    spread.most = std::max(spread.most, sample.load_max);
    spread.uneven += (sample.load_max - sample.load) / static_cast<double>(report.samples.size());
  }
  return spread;
}

}  // namespace

std::string text_of(const FleetPlan& plan, const FleetReport& report) {
  const Spread spread = spread_of(report);
  const double writes = static_cast<double>(report.claims + report.removals + report.beats) / report.seconds;
  std::string text;
  add(text, "rooms          %llu made, %.0f at most at once, on %.0f nodes; %llu moved by drains\n", static_cast<unsigned long long>(report.rooms_made),
      report.rooms_most, report.nodes_most, static_cast<unsigned long long>(report.rooms_moved));
  add(text, "placement      fullest node %.1f points above the fleet on average, %.0f %% of its ticks at most; %llu rooms onto a node without headroom\n",
      spread.uneven * 100, spread.most * 100, static_cast<unsigned long long>(report.rooms_overloaded));
  add(text, "directory      %.0f writes/s on average, %.0f at most; watches deliver %.0f/s\n", writes, report.writes_most,
      static_cast<double>(report.deliveries) / report.seconds);
  add(text, "  in each node %.0f B a room; a room's news %.0f ns, a look %.0f us (20 a second), a placement %.0f ns, at %zu rooms\n",
      report.directory_bytes_a_room, report.news_ns, report.step_us, report.place_ns, report.directory_rooms);
  add(text, "checkpoints    %.0f/s at most, %.0f MB/s before replication, at one each %.0f s\n", report.rooms_most / plan.checkpoint_s,
      report.rooms_most / plan.checkpoint_s * plan.checkpoint_bytes / 1e6, plan.checkpoint_s);
  for (const FleetRecovery& each : report.recoveries) {
    add(text, "%-15s at %4.1f h: ", name_of(each.kind), each.hour);
    if (each.rooms != 0)
      add(text, "%zu nodes, %zu rooms lost; noticed after %.2f s, 50/99/100 %% tick after %.1f/%.1f/%.1f s; ", each.nodes, each.rooms, each.noticed_s,
          each.half_s, each.most_s, each.all_s);
    add(text, "then %.0f %% load, above 100 %% for %.0f s, a new room waited %.1f s at most\n", each.load_after * 100, each.overloaded_s, each.late_s);
  }
  return text;
}

std::string json_of(const FleetPlan& plan, const FleetReport& report) {
  nlohmann::json json{{"seed", plan.seed}, {"players_peak", plan.players_peak}, {"rooms_per_node", plan.rooms_per_node}, {"seconds", report.seconds},
                      {"rooms_made", report.rooms_made}, {"rooms_moved", report.rooms_moved}, {"rooms_overloaded", report.rooms_overloaded},
                      {"rooms_most", report.rooms_most}, {"nodes_most", report.nodes_most},
                      {"directory", {{"claims", report.claims}, {"removals", report.removals}, {"beats", report.beats}, {"deliveries", report.deliveries},
                                     {"writes_per_s_most", report.writes_most}, {"bytes_a_room", report.directory_bytes_a_room},
                                     {"news_ns", report.news_ns}, {"look_us", report.step_us}, {"place_ns", report.place_ns}}}};
  for (const FleetSample& each : report.samples)
    json["samples"].push_back({{"hour", each.hour}, {"players", each.players}, {"nodes", each.nodes}, {"load", each.load}, {"load_min", each.load_min},
                               {"load_p99", each.load_p99}, {"load_max", each.load_max}});
  for (const FleetRecovery& each : report.recoveries)
    json["recoveries"].push_back({{"kind", name_of(each.kind)}, {"hour", each.hour}, {"nodes", each.nodes}, {"rooms", each.rooms},
                                  {"noticed_s", each.noticed_s}, {"half_s", each.half_s}, {"most_s", each.most_s}, {"all_s", each.all_s},
                                  {"load_after", each.load_after}, {"overloaded_s", each.overloaded_s}, {"late_s", each.late_s}});
  return json.dump(1) + "\n";
}

std::string text_of(const EngineLimits& limits) {
  std::string text;
  add(text, "a key          p50 %.0f us, p99 %.0f us; %.0f/s from sixteen threads\n", limits.put_p50_us, limits.put_p99_us, limits.puts_per_s);
  add(text, "checkpoints    %.0f/s of %.0f B\n", limits.checkpoints_per_s, limits.checkpoint_bytes);
  return text;
}

}  // namespace tickrelay::bench
