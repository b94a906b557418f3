// tickrelay-fleet: a day of a large fleet in simulated time, on relay/fleet's own decisions; what real NATS servers take; and what spectators cost
// a room's players, on real relays.

#include <cstdio>
#include <fstream>

#include "bench/command_line/command_line.h"
#include "bench/fleet/fleet_text.h"
#include "bench/fleet/watch_command.h"

namespace tickrelay::bench {
namespace {

// One of each kind, when there is much to lose; a region last.
std::vector<FleetTrouble> troubles_of(double hours) {
  std::vector<FleetTrouble> troubles;
  int number = 0;
  using Kind = FleetTrouble::Kind;
  for (const Kind kind : {Kind::crash, Kind::power, Kind::leader, Kind::region}) {
    const double share = 0.4 + 0.05 * number++;
    troubles.push_back({.kind = kind, .at_ns = static_cast<std::int64_t>(hours * share * 3'600e9)});
  }
  return troubles;
}

}  // namespace
}  // namespace tickrelay::bench

int main(int count, char** arguments) {
  using namespace tickrelay::bench;
  CommandLine app("tickrelay-fleet", "A day of a large fleet, simulated on the relay's own placement and leases.");
  FleetPlan plan;
  std::string out, servers;
  bool calm = false;
  double seconds = 5;
  app.add("--players", plan.players_peak, "at the busiest hour").within(100.0, 1e7).shown();
  app.add("--players-per-room", plan.players_per_room).within(1.0, 1e4).shown();
  app.add("--match-s", plan.match_s, "a match, on average").within(1.0, 1e6).shown();
  app.add("--rooms-per-node", plan.rooms_per_node, "at which a node's ticks are full: cores x what `tickrelay-bench capacity` finds").within(1, 1'000'000)
      .shown();
  app.add("--hours", plan.hours, "of the day's curve, from its quietest hour").within(0.01, 240.0).shown();
  app.add("--seed", plan.seed).shown();
  app.add("--checkpoint-bytes", plan.checkpoint_bytes).within(1.0, 1e6).shown();
  app.add("--checkpoint-s", plan.checkpoint_s, "each room's interval").within(0.1, 3'600.0).shown();
  app.add("--calm", calm, "nothing fails");
  app.add("--out", out, "the report as JSON");
  CommandLine& engine = app.command("engine", "measure what NATS servers take of such writes", [&] {
    std::fputs(text_of(measure_engine(servers, plan.checkpoint_bytes, seconds)).c_str(), stdout);
    return exit_ok;
  });
  engine.add("--nats", servers, "URLs, comma-separated").required();
  engine.add("--seconds", seconds, "of each of three parts").within(0.1, 60.0).shown();
  add_watch(app);
  return app.run(count, arguments, [&] {
    if (!calm) plan.troubles = troubles_of(plan.hours);
    int shown = -1;
    const FleetReport report = SimulatedFleet(plan).run([&](const FleetSample& sample) {
      const int part = static_cast<int>(sample.hour / plan.hours * 24);
      if (part == shown) return;
      shown = part;
      std::printf("%5.1f h %8.0f players, %3zu nodes, load %2.0f %% (%2.0f to %2.0f)\n", sample.hour, sample.players, sample.nodes, sample.load * 100,
                  sample.load_min * 100, sample.load_max * 100);
      std::fflush(stdout);
    });
    std::fputs(text_of(plan, report).c_str(), stdout);
    if (!out.empty() && !(std::ofstream(out) << json_of(plan, report))) throw std::runtime_error(out + ": cannot be written");
    return exit_ok;
  });
}
