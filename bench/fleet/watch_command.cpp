#include "bench/fleet/watch_command.h"

#include <sys/prctl.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "bench/fleet/watch.h"
#include "bench/fleet/watch_text.h"
#include "bench/load/run.h"
#include "bench/net/endpoint.h"
#include "relay/core/limits.h"

namespace tickrelay::bench {
namespace {

constexpr std::size_t descriptors_beside = 200;
constexpr int spectators_max = static_cast<int>(WatchedFleet::nodes_count * limits::players_max);  // seats of a mirror at each node

struct WatchFlags {
  WatchOptions options;
  double seconds = 20;
  std::string out;
};

void prepare_watch(const WatchOptions& options) {
  const std::size_t wanted = options.spectators + options.fleet.players + descriptors_beside, there = raise_descriptor_limit();
  if (there < wanted) throw std::runtime_error("needs " + std::to_string(wanted) + " descriptors, the limit is " + std::to_string(there));
  prctl(PR_SET_TIMERSLACK, 1);
}

int execute_watch(WatchFlags& flags) {
  flags.options.duration_ns = static_cast<std::int64_t>(flags.seconds * 1e9);
  prepare_watch(flags.options);
  const Json report = measure_watch(flags.options, [](const Json& round) {
    std::fputs(watch_line(round).c_str(), stdout);
    std::fflush(stdout);
  });
  std::fputs(("\n" + watch_text(report)).c_str(), stdout);
  if (!flags.out.empty() && !(std::ofstream(flags.out) << report.dump(2) << "\n")) throw std::runtime_error(flags.out + ": cannot be written");
  const bool saturated = std::ranges::any_of(report["rounds"], [](const Json& round) { return round["saturated"].get<bool>(); });
  return saturated ? exit_saturated : exit_ok;
}

}  // namespace

void add_watch(CommandLine& app) {
  auto flags = std::make_shared<WatchFlags>();
  WatchOptions& options = flags->options;
  CommandLine& watch = app.command("watch", "measure what spectators cost a room's players: two relays and a nats-server are started here; exit 4 where this program was the bottleneck",
                                   [flags] { return execute_watch(*flags); });
  watch.add("--spectators", options.spectators, "half of them at each relay").within(2, spectators_max).shown();
  watch.add("--players", options.fleet.players, "in the room; each sets a value every tick").within(2, 1'000).shown();
  watch.add("--rate", options.fleet.rate_hz, "ticks a second").within(1, 240).shown();
  watch.add("--seconds", flags->seconds, "measured of each round").within(1.0, 3'600.0).shown();
  watch.add("--pairs", options.pairs, "of rounds: without spectators, with them").within(1, 100).shown();
  watch.add("--relay", options.fleet.relay_program, "the relay to start: a path, or a name beside this program").shown();
  watch.add("--nats-server", options.fleet.nats_program, "the nats-server to start: a path, or a name in the path").shown();
  watch.add("--out", flags->out, "the report as JSON");
}

}  // namespace tickrelay::bench
