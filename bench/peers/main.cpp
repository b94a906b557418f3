// tickrelay-peers: the same work on tickrelay and on other relays. bench/peers/run does all of it.

#include <CLI/CLI.hpp>

#include <sys/prctl.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bench/load/process_stats.h"
#include "bench/net/endpoint.h"
#include "bench/peers/results.h"
#include "bench/peers/series.h"

namespace tickrelay::bench {
namespace {

using Command = std::function<int()>;

struct Flags {
  SeriesOptions series;
  double warmup_s = 1.5, duration_s = 3;
  std::string peer;
  PeerLoadOptions load;
  std::int64_t slow_bytes_per_s = 8'000;
  std::uint32_t first_rooms = 64;
  double precision = 0.05;
  ResultsOptions results;
};

void add_place_flags(CLI::App& app, Flags& flags) {
  app.add_option("--projects", flags.series.place.projects, "the folder bench/peers, with its npm projects installed")
      ->required();
  app.add_option("--node", flags.series.place.node, "the Node.js for all of them; default engine's");
  app.add_flag("--pin", flags.series.place.pin, "servers on CPU 0, this program on CPU 1");
  app.add_option("--warmup", flags.warmup_s, "s played before a measurement")->capture_default_str();
  app.add_option("--duration", flags.duration_s, "s measured")->capture_default_str();
}

void add_series_flags(CLI::App& app, Flags& flags) {
  add_place_flags(app, flags);
  for (const Peer& peer : all_peers()) flags.series.peers.push_back(peer.name);
  app.add_option("--peers", flags.series.peers, "these only")->delimiter(',');
  app.add_option("--first-round", flags.series.first_round, "number of the first one")->capture_default_str();
  app.add_option("--rounds", flags.series.rounds, "how many")->capture_default_str();
  app.add_option("--append", flags.series.file, "where the runs go, a line of JSON each")->required();
}

void prepare(Flags& flags) {
  raise_descriptor_limit();
  prctl(PR_SET_TIMERSLACK, 1);
  if (flags.series.place.pin && !pin_to_cpu(1)) throw std::runtime_error("--pin needs two CPUs");
  flags.series.warmup_ns = static_cast<std::int64_t>(flags.warmup_s * 1e9);
  flags.series.duration_ns = static_cast<std::int64_t>(flags.duration_s * 1e9);
}

void say(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

// Frames came, and what is in them is what the players sent.
bool flows(const Json& run) {
  return run["values"]["matched"].get<std::uint64_t>() > 0 && run["values"]["unknown"].get<std::uint64_t>() == 0 &&
         run["errors"].empty();
}

int run_one(Flags& flags) {
  prepare(flags);
  MeasureOptions options{.load = flags.load};
  options.warmup_ns = flags.series.warmup_ns;
  options.duration_ns = flags.series.duration_ns;
  if (options.load.slow_one_in > 0) options.load.slow_bytes_per_s = flags.slow_bytes_per_s;
  const Json run = measure(peer_named(flags.peer), flags.series.place, options);
  std::printf("%s\n", run.dump(2).c_str());
  return flows(run) ? 0 : 3;
}

Command add_run(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  add_place_flags(app, *flags);
  app.add_option("--peer", flags->peer, "which")->required();
  app.add_option("--rooms", flags->load.rooms, "rooms")->required()->check(CLI::Range(1, 10'000));
  app.add_option("--players", flags->load.players, "players in each")->required()->check(CLI::Range(1, 1'000));
  app.add_option("--rate", flags->load.rate_hz, "ticks a second")->required()->check(CLI::Range(1, 240));
  app.add_option("--decode-one-in", flags->load.decode_one_in, "players that look into their frames")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  app.add_option("--slow-one-in", flags->load.slow_one_in, "players that read slowly; 0: none");
  app.add_option("--slow-bytes-per-s", flags->slow_bytes_per_s, "how slowly")->capture_default_str();
  return [flags] { return run_one(*flags); };
}

Command add_matrix(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  add_series_flags(app, *flags);
  return [flags] {
    prepare(*flags);
    measure_matrix(flags->series, say);
    return 0;
  };
}

Command add_slow(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  add_series_flags(app, *flags);
  flags->duration_s = 20;
  app.add_option("--slow-bytes-per-s", flags->slow_bytes_per_s, "how slowly")->capture_default_str();
  return [flags] {
    prepare(*flags);
    measure_slow(flags->series, flags->slow_bytes_per_s, say);
    return 0;
  };
}

Command add_capacity(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  add_series_flags(app, *flags);
  app.add_option("--first-rooms", flags->first_rooms, "where the search begins")->capture_default_str();
  app.add_option("--precision", flags->precision, "of the answer, as a share")->capture_default_str();
  return [flags] {
    prepare(*flags);
    measure_capacity(flags->series, flags->first_rooms, flags->precision, say);
    return 0;
  };
}

Command add_results(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("FILE", flags->results.file, "runs, as --append wrote them")->required();
  app.add_option("--out", flags->results.markdown, "RESULTS.md")->required();
  app.add_option("--pictures", flags->results.pictures, "folder for the plots")->required();
  return [flags] {
    write_results(flags->results);
    return 0;
  };
}

}  // namespace
}  // namespace tickrelay::bench

int main(int count, char** arguments) {
  using namespace tickrelay::bench;
  CLI::App app{"The same work on tickrelay and on other relays, by one load generator."};
  app.require_subcommand(1);
  std::vector<std::pair<CLI::App*, Command>> commands;
  const auto add = [&](const char* name, const char* what, Command (*make)(CLI::App&)) {
    CLI::App* command = app.add_subcommand(name, what);
    commands.emplace_back(command, make(*command));
  };
  add("run", "one run of one peer; exit 3 where no frames flow or they are wrong", add_run);
  add("matrix", "every peer in four configurations, in rounds", add_matrix);
  add("slow", "one in ten players reads slowly", add_slow);
  add("capacity", "the most rooms that each peer holds", add_capacity);
  add("results", "tables and plots of what was measured", add_results);
  try {
    app.parse(count, arguments);
    for (const auto& [command, execute] : commands) {
      if (command->parsed()) return execute();
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tickrelay-peers: %s\n", error.what());
    return 1;
  }
  return 2;
}
