// tickrelay-fleet: a day of a large fleet in simulated time, on relay/fleet's own decisions; and what real NATS servers take.

#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>

#include "bench/fleet/fleet_text.h"

namespace tickrelay::bench {
namespace {

constexpr int exit_failed = 1, exit_usage = 2;

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
  CLI::App app{"A day of a large fleet, simulated on the relay's own placement and leases."};
  FleetPlan plan;
  std::string out, servers;
  bool calm = false;
  double seconds = 5;
  app.add_option("--players", plan.players_peak, "at the busiest hour")->check(CLI::Range(100.0, 1e7))->capture_default_str();
  app.add_option("--players-per-room", plan.players_per_room)->check(CLI::Range(1.0, 1e4))->capture_default_str();
  app.add_option("--match-s", plan.match_s, "a match, on average")->check(CLI::Range(1.0, 1e6))->capture_default_str();
  app.add_option("--rooms-per-node", plan.rooms_per_node, "at which a node's ticks are full: cores x what `tickrelay-bench capacity` finds")
      ->check(CLI::Range(1, 1'000'000))->capture_default_str();
  app.add_option("--hours", plan.hours, "of the day's curve, from its quietest hour")->check(CLI::Range(0.01, 240.0))->capture_default_str();
  app.add_option("--seed", plan.seed)->capture_default_str();
  app.add_option("--checkpoint-bytes", plan.checkpoint_bytes)->check(CLI::Range(1.0, 1e6))->capture_default_str();
  app.add_option("--checkpoint-s", plan.checkpoint_s, "each room's interval")->check(CLI::Range(0.1, 3'600.0))->capture_default_str();
  app.add_flag("--calm", calm, "nothing fails");
  app.add_option("--out", out, "the report as JSON");
  CLI::App& engine = *app.add_subcommand("engine", "measure what NATS servers take of such writes");
  engine.add_option("--nats", servers, "URLs, comma-separated")->required();
  engine.add_option("--seconds", seconds, "of each of three parts")->check(CLI::Range(0.1, 60.0))->capture_default_str();
  try {
    app.parse(count, arguments);
    if (engine.parsed()) {
      std::fputs(text_of(measure_engine(servers, plan.checkpoint_bytes, seconds)).c_str(), stdout);
      return 0;
    }
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
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tickrelay-fleet: %s\n", error.what());
    return exit_failed;
  }
}
