// tickrelay-peers: the same work on tickrelay and on other relays. bench/peers/run does all of it.

#include <sys/prctl.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

#include "bench/command_line/command_line.h"
#include "bench/load/process_stats.h"
#include "bench/net/endpoint.h"
#include "bench/peers/results.h"
#include "bench/peers/series.h"

namespace tickrelay::bench {
namespace {

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

void add_place_flags(CommandLine& app, Flags& flags) {
  app.add("--projects", flags.series.place.projects, "the folder bench/peers, with its npm projects installed").required();
  app.add("--node", flags.series.place.node, "the Node.js for all of them; default engine's");
  app.add("--pin", flags.series.place.pin, "servers on CPU 0, this program on CPU 1");
  app.add("--warmup", flags.warmup_s, "s played before a measurement").shown();
  app.add("--duration", flags.duration_s, "s measured").shown();
}

void add_series_flags(CommandLine& app, Flags& flags) {
  add_place_flags(app, flags);
  for (const Peer& peer : all_peers()) flags.series.peers.push_back(peer.name);
  app.add("--peers", flags.series.peers, "these only").separated_by(',');
  app.add("--first-round", flags.series.first_round, "number of the first one").shown();
  app.add("--rounds", flags.series.rounds, "how many").shown();
  app.add("--append", flags.series.file, "where the runs go, a line of JSON each").required();
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

Command add_run(CommandLine& app) {
  auto flags = std::make_shared<Flags>();
  add_place_flags(app, *flags);
  app.add("--peer", flags->peer, "which").required();
  app.add("--rooms", flags->load.rooms, "rooms").required().within(1, 10'000);
  app.add("--players", flags->load.players, "players in each").required().within(1, 1'000);
  app.add("--rate", flags->load.rate_hz, "ticks a second").required().within(1, 240);
  app.add("--decode-one-in", flags->load.decode_one_in, "players that look into their frames").within(1, 1'000).shown();
  app.add("--slow-one-in", flags->load.slow_one_in, "players that read slowly; 0: none");
  app.add("--slow-bytes-per-s", flags->slow_bytes_per_s, "how slowly").shown();
  return [flags] { return run_one(*flags); };
}

Command add_matrix(CommandLine& app) {
  auto flags = std::make_shared<Flags>();
  add_series_flags(app, *flags);
  return [flags] {
    prepare(*flags);
    measure_matrix(flags->series, say);
    return 0;
  };
}

Command add_slow(CommandLine& app) {
  auto flags = std::make_shared<Flags>();
  add_series_flags(app, *flags);
  flags->duration_s = 20;
  app.add("--slow-bytes-per-s", flags->slow_bytes_per_s, "how slowly").shown();
  return [flags] {
    prepare(*flags);
    measure_slow(flags->series, flags->slow_bytes_per_s, say);
    return 0;
  };
}

Command add_capacity(CommandLine& app) {
  auto flags = std::make_shared<Flags>();
  add_series_flags(app, *flags);
  app.add("--first-rooms", flags->first_rooms, "where the search begins").shown();
  app.add("--precision", flags->precision, "of the answer, as a share").shown();
  return [flags] {
    prepare(*flags);
    measure_capacity(flags->series, flags->first_rooms, flags->precision, say);
    return 0;
  };
}

Command add_results(CommandLine& app) {
  auto flags = std::make_shared<Flags>();
  app.add("FILE", flags->results.file, "runs, as --append wrote them").required();
  app.add("--out", flags->results.markdown, "RESULTS.md").required();
  app.add("--pictures", flags->results.pictures, "folder for the plots").required();
  return [flags] {
    write_results(flags->results);
    return 0;
  };
}

}  // namespace
}  // namespace tickrelay::bench

int main(int count, char** arguments) {
  using namespace tickrelay::bench;
  CommandLine app("tickrelay-peers", "The same work on tickrelay and on other relays, by one load generator.");
  app.command("run", "one run of one peer; exit 3 where no frames flow or they are wrong", add_run);
  app.command("matrix", "every peer in four configurations, in rounds", add_matrix);
  app.command("slow", "one in ten players reads slowly", add_slow);
  app.command("capacity", "the most rooms that each peer holds", add_capacity);
  app.command("results", "tables and plots of what was measured", add_results);
  return app.run(count, arguments);
}
