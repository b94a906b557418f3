#include "bench/fleet/watch.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/fleet/onlooker.h"
#include "bench/fleet/sent_board.h"
#include "bench/fleet/spectators.h"
#include "bench/fleet/watch_text.h"
#include "bench/load/machine.h"
#include "bench/load/run.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t warmup_ns = 3 * second_ns;
constexpr std::int64_t gather_patience_ns = 120 * second_ns;
constexpr double thread_cpu_max = 0.95;
constexpr double frames_share_min = 0.95;  // of what the room publishes
constexpr double busy_share_max = 0.95;

using Watchers = std::vector<std::unique_ptr<Spectators>>;

double rounded_figure(double value) { return std::round(value * 1e3) / 1e3; }

double ratio(double part, double whole) { return whole > 0 ? rounded_figure(part / whole) : 0; }

std::string sentence_of(const char* format, auto... values) {
  char text[300];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

// ----------------------------------------------------------------------------------------------------- spectators

Watchers watchers_at(WatchedFleet& fleet, std::uint32_t count, const SentBoard& sent) {
  constexpr auto nodes = static_cast<std::uint32_t>(WatchedFleet::nodes_count);
  Watchers watchers;
  for (std::uint32_t i = 0; i < nodes && count > 0; ++i) {
    SpectatorsOptions options{.room_id = fleet.room_id(), .name = "watcher-" + fleet.name(i), .count = count / nodes + (i < count % nodes ? 1 : 0)};
    watchers.push_back(std::make_unique<Spectators>(fleet.node(i).endpoint(), std::move(options), sent));
  }
  return watchers;
}

void wait_until_all_watch(const Watchers& watchers) {
  const std::int64_t give_up_ns = now_ns() + gather_patience_ns;
  for (const auto& each : watchers) {
    while (each->here() < each->options().count) {
      if (now_ns() > give_up_ns) {
        std::string why = "only " + std::to_string(each->here()) + " of " + std::to_string(each->options().count) + " spectators had their seats in time";
        for (const auto& [what, count] : each->stop().errors) why += "; " + std::to_string(count) + " times: " + what;
        throw std::runtime_error(why);
      }
      sleep_until_ns(now_ns() + 20 * ms_ns);
    }
  }
}

// REQUIRES: stopped.
Json client_json(const std::string& node, const Seen& seen, double window_s) {
  const double cpu = ratio(static_cast<double>(seen.cpu_ns) * 1e-9, window_s);
  const bool late = seen.rate_hz > 0 && seen.look_lateness.quantile_ns(0.99) > generator_lateness_limit_ns(seen.rate_hz);
  return {{"node", node}, {"here", seen.here}, {"cpu_s_per_s", cpu}, {"lateness_ms", distribution_ms(seen.look_lateness)}, {"saturated", late || cpu > thread_cpu_max}};
}

// What those at all nodes saw, and what it cost this program. REQUIRES: stopped.
Json watching_json(WatchedFleet& fleet, const Watchers& watchers, double window_s) {
  Seen all;
  Json clients = Json::array();
  all.frames_least = UINT32_MAX;
  for (std::size_t i = 0; i < watchers.size(); ++i) {
    const Seen& seen = watchers[i]->stop();
    clients.push_back(client_json(fleet.name(i), seen, window_s));
    all.here += seen.here;
    all.rate_hz = std::max(all.rate_hz, seen.rate_hz);
    all.frames += seen.frames, all.bytes += seen.bytes;
    all.frames_least = std::min(all.frames_least, seen.frames_least);
    all.latency.merge(seen.latency), all.state_age.merge(seen.state_age), all.look_lateness.merge(seen.look_lateness);
    all.values_matched += seen.values_matched, all.values_unknown += seen.values_unknown;
    all.return_slots += seen.return_slots;
    for (const auto& [what, count] : seen.errors) all.errors[what] += count;
  }
  return {{"here", all.here},
          {"rate_hz", all.rate_hz},
          {"frames_per_s_each", ratio(static_cast<double>(all.frames), window_s * all.here)},
          {"frames_per_s_least", ratio(all.frames_least, window_s)},
          {"bytes_per_s_each", ratio(static_cast<double>(all.bytes), window_s * all.here)},
          {"latency_ms", distribution_ms(all.latency)},
          {"state_age_ms", distribution_ms(all.state_age)},
          {"values", {{"matched", all.values_matched}, {"unknown", all.values_unknown}}},
          {"return_slots", all.return_slots},
          {"lateness_ms", distribution_ms(all.look_lateness)},
          {"clients", clients},
          {"errors", all.errors}};
}

// ---------------------------------------------------------------------------------------------------------- rounds

bool is_saturated(const Json& of) { return of["saturated"].get<bool>(); }

// What keeps a round's figures from being the relays'.
Json round_notices(const Json& round) {
  Json found = Json::array();
  if (is_saturated(round["client"])) {
    found.push_back(sentence_of("This program was the bottleneck: 1 %% of the players' sends left more than %.1f ms late. These figures say nothing about the relays.",
                                round["client"]["lateness_ms"]["p99"].get<double>()));
  }
  if (round.contains("watching")) {
    const Json& watching = round["watching"];
    for (const Json& client : watching["clients"]) {
      if (!is_saturated(client)) continue;
      found.push_back(sentence_of("This program was the bottleneck of the spectators at %s: it came to its sockets up to %.1f ms late (p99), with %.0f %% of a core. "
                                  "Their ages are its own.",
                                  client["node"].get<std::string>().c_str(), client["lateness_ms"]["p99"].get<double>(), 100 * client["cpu_s_per_s"].get<double>()));
    }
    const double each = watching["frames_per_s_each"], rate = watching["rate_hz"];
    if (each < frames_share_min * rate) found.push_back(sentence_of("Spectators had %.2f frames a second of %.0f: what they cost is what fewer would.", each, rate));
  }
  const double busy = round["machine"]["busy_cpus"], cpus = round["machine"]["cpus"];
  if (busy > busy_share_max * cpus) {
    found.push_back(sentence_of("All processors were busy (%.2f of %.0f): the relays lacked what this program and others took.", busy, cpus));
  }
  return found;
}

Json measure_round(WatchedFleet& fleet, const WatchOptions& options, std::uint32_t spectators) {
  SentBoard sent;
  const Watchers watchers = watchers_at(fleet, spectators, sent);
  wait_until_all_watch(watchers);
  Onlooker onlooker(fleet, watchers);
  RunOptions run{.warmup_ns = warmup_ns, .duration_ns = options.duration_ns, .beside = &onlooker};
  run.load.players = options.fleet.players;
  run.load.rate_hz = options.fleet.rate_hz;
  run.load.room_ids = {fleet.room_id()};
  run.load.decode_one_in = 1;
  run.load.on_step = [&](std::uint32_t entity, const Placement& placement, std::int64_t intended_ns) { sent.add(entity, placement, intended_ns); };
  const Json report = run_load(fleet.node(0), run, [](const std::string&) {});

  Json round{{"spectators", spectators}};
  for (const char* part : {"latency_ms", "latency_beyond_tick_ms", "state_age_ms", "frames", "values", "errors"}) round["players"][part] = report[part];
  if (!watchers.empty()) round["watching"] = watching_json(fleet, watchers, static_cast<double>(options.duration_ns) * 1e-9);
  round["relays"] = onlooker.relays();
  round["client"] = report["generator"];
  round["machine"] = onlooker.machine();
  round["saturated"] = is_saturated(round["client"]) || (round.contains("watching") && std::ranges::any_of(round["watching"]["clients"], is_saturated));
  round["notices"] = round_notices(round);
  return round;
}

// Of the first pair: later ones find what the first has left.
Json memory_per_spectator(const Json& without, const Json& with) {
  Json kib = Json::array();
  for (std::size_t i = 0; i < with["watching"]["clients"].size(); ++i) {
    const double more = with["relays"][i]["rss_kib"].get<double>() - without["relays"][i]["rss_kib"].get<double>();
    kib.push_back(ratio(more, with["watching"]["clients"][i]["here"].get<double>()));
  }
  return kib;
}

}  // namespace

Json measure_watch(const WatchOptions& options, const std::function<void(const Json&)>& told) {
  WatchedFleet fleet(options.fleet);
  Json rounds = Json::array();
  for (std::uint32_t i = 0; i < 2 * options.pairs; ++i) {
    const bool watched = i % 2 == 1;
    if (!watched && i > 0) fleet.wait_until_unwatched();
    rounds.push_back(measure_round(fleet, options, watched ? options.spectators : 0));
    told(rounds.back());
  }
  return {{"machine", machine_words()},
          {"config",
           {{"spectators", options.spectators},
            {"players", options.fleet.players},
            {"rate", options.fleet.rate_hz},
            {"duration_s", static_cast<double>(options.duration_ns) * 1e-9},
            {"pairs", options.pairs},
            {"nodes", WatchedFleet::nodes_count}}},
          {"memory_kib_per_spectator", memory_per_spectator(rounds[0], rounds[1])},
          {"figures", watch_figures(rounds)},
          {"rounds", rounds}};
}

}  // namespace tickrelay::bench
