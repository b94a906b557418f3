#include "bench/peers/series.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "bench/load/capacity.h"

namespace tickrelay::bench {
namespace {

constexpr std::array<Configuration, 4> configurations{{{50, 10, 20}, {100, 10, 30}, {10, 64, 30}, {1, 200, 20}}};
constexpr Configuration slow_configuration{10, 64, 30}, capacity_configuration{0, 10, 30};
constexpr std::uint32_t slow_one_in = 10;
constexpr std::uint32_t rooms_max = 600;
constexpr int attempts_max = 3;

void append(const std::string& path, const char* series, std::uint32_t round, const Json& what) {
  Json line{{"series", series}, {"round", round}};
  line.update(what);
  if (!(std::ofstream(path, std::ios::app) << line.dump() << "\n")) throw std::runtime_error("cannot write " + path);
}

std::string words(const Json& run) {
  if (run.contains("failed")) return run["peer"].get<std::string>() + " failed: " + run["failed"].get<std::string>();
  char text[256];
  const double expected = run["frames"]["expected"], received = run["frames"]["received"];
  std::snprintf(text, sizeof text,
                "%-16s %3d x %3d x %2d  %5.1f us a frame, cpu %3.0f %%, frames %5.1f %%, p99 %5.1f ms, %.1f B%s%s",
                run["peer"].get<std::string>().c_str(), run["rooms"].get<int>(), run["players"].get<int>(),
                run["rate"].get<int>(), run["server"]["us_per_frame"].get<double>(),
                100 * run["server"]["cpu"].get<double>(), 100 * received / expected,
                run["latency_ms"]["p99"].get<double>(), run["bytes_per_update"].get<double>(),
                run["generator"]["saturated"].get<bool>() ? ", THE GENERATOR WAS LATE" : "",
                run["errors"].empty() ? "" : (" " + run["errors"].dump()).c_str());
  return text;
}

// A server that does not start or lets not all in is a result, too. The last attempt counts.
Json attempt(const std::string& name, const SeriesOptions& options, const Configuration& configuration,
             MeasureOptions measuring, bool (*again)(const Json&)) {
  measuring.load.rooms = configuration.rooms;
  measuring.load.players = configuration.players;
  measuring.load.rate_hz = configuration.rate_hz;
  try {
    for (int left = attempts_max - 1;; --left) {
      Json run = measure(peer_named(name), options.place, measuring);
      if (left == 0 || !again(run)) return run;
    }
  } catch (const std::runtime_error& error) {
    return {{"peer", name},
            {"rooms", configuration.rooms},
            {"players", configuration.players},
            {"rate", configuration.rate_hz},
            {"failed", error.what()}};
  }
}

// In round n the n-th peer is the first.
void each_peer(const SeriesOptions& options, std::uint32_t round, const std::function<void(const std::string&)>& what) {
  for (std::size_t i = 0; i < options.peers.size(); ++i) what(options.peers[(i + round) % options.peers.size()]);
}

}  // namespace

std::span<const Configuration> matrix_configurations() { return configurations; }

void measure_matrix(const SeriesOptions& options, const Say& say) {
  const MeasureOptions measuring{.load = {}, .warmup_ns = options.warmup_ns, .duration_ns = options.duration_ns};
  for (std::uint32_t round = options.first_round; round < options.first_round + options.rounds; ++round) {
    for (const Configuration& configuration : configurations) {
      each_peer(options, round, [&](const std::string& peer) {
        const Json run = attempt(peer, options, configuration, measuring, disturbed);
        append(options.file, "matrix", round, run);
        say(words(run));
      });
    }
  }
}

void measure_slow(const SeriesOptions& options, std::int64_t bytes_per_s, const Say& say) {
  MeasureOptions measuring{
      .load = {}, .warmup_ns = options.warmup_ns, .duration_ns = options.duration_ns, .returns = false};
  measuring.load.slow_one_in = slow_one_in;
  measuring.load.slow_bytes_per_s = bytes_per_s;
  for (std::uint32_t round = options.first_round; round < options.first_round + options.rounds; ++round) {
    each_peer(options, round, [&](const std::string& peer) {
      const Json run = attempt(peer, options, slow_configuration, measuring, disturbed);
      append(options.file, "slow", round, run);
      say(words(run));
      if (run.contains("slow")) say("  " + run["slow"].dump());
    });
  }
}

void measure_capacity(const SeriesOptions& options, std::uint32_t first_rooms, double precision, const Say& say) {
  const MeasureOptions measuring{
      .load = {}, .warmup_ns = options.warmup_ns, .duration_ns = options.duration_ns, .returns = false};
  for (std::uint32_t round = options.first_round; round < options.first_round + options.rounds; ++round) {
    each_peer(options, round, [&](const std::string& peer) {
      Json last_held;
      const auto step = [&](std::uint32_t rooms) -> CapacityStep {
        Configuration configuration = capacity_configuration;
        configuration.rooms = rooms;
        const Json run = attempt(peer, options, configuration, measuring, others_at_work);
        const std::string what = run.contains("failed") ? run["failed"].get<std::string>() : missed(run);
        if (what.empty()) last_held = run;
        say(words(run) + (what.empty() ? "" : "; missed " + what));
        return {.rooms = rooms, .missed = what, .generator_bound = what == "the generator"};
      };
      const Capacity found =
          search_capacity({.first_rooms = first_rooms, .rooms_max = rooms_max, .precision = precision}, step);
      append(options.file, "capacity", round,
             {{"peer", peer},
              {"rooms", found.rooms},
              {"limit", found.limit},
              {"generator_bound", found.generator_bound},
              {"held", last_held}});
    });
  }
}

}  // namespace tickrelay::bench
