// tickrelay-lossy: how old is what players see across a link that loses packets, with a loss shield and without?

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <vector>

#include "bench/lossy/lossy.h"

namespace tickrelay::bench {
namespace {

constexpr int exit_failed = 1, exit_usage = 2, exit_skipped = 77;

double beyond_ms(const Histogram& ages, double share, const LossyOptions& options) {
  return static_cast<double>(ages.quantile_ns(share) - options.link.delay_ns) / 1e6;
}

void print(const char* name, const Ages& ages, const LossyOptions& options) {
  std::printf(
      "  %-8s on arrival p50 %6.1f  p99 %6.1f  max %6.1f ms; sampled p50 %6.1f  p99 %6.1f ms; %llu frames, %llu "
      "copies, %llu of them first, %llu kB, %llu drops\n",
      name, beyond_ms(ages.arrival, 0.5, options), beyond_ms(ages.arrival, 0.99, options),
      static_cast<double>(ages.arrival.max_ns() - options.link.delay_ns) / 1e6, beyond_ms(ages.sampled, 0.5, options),
      beyond_ms(ages.sampled, 0.99, options), static_cast<unsigned long long>(ages.frames),
      static_cast<unsigned long long>(ages.copies), static_cast<unsigned long long>(ages.shielded),
      static_cast<unsigned long long>(ages.bytes_received / 1000), static_cast<unsigned long long>(ages.drops));
}

double median(const std::vector<LossyRun>& runs, const std::function<double(const BothAges&)>& of) {
  std::vector<double> values;
  for (const LossyRun& run : runs) values.push_back(of(run.ages));
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

void print_medians(const std::vector<LossyRun>& runs, const LossyOptions& options) {
  std::printf("medians of %zu, ms beyond the one-way delay of %.0f ms:\n", runs.size(),
              static_cast<double>(options.link.delay_ns) / 1e6);
  const auto line = [&](const char* name, Ages BothAges::*who) {
    const auto figure = [&](Histogram Ages::*what, double share) {
      return median(runs, [&](const BothAges& both) { return beyond_ms(both.*who.*what, share, options); });
    };
    std::printf("  %-8s on arrival p50 %6.1f  p99 %6.1f; sampled p50 %6.1f  p99 %6.1f\n", name,
                figure(&Ages::arrival, 0.5), figure(&Ages::arrival, 0.99), figure(&Ages::sampled, 0.5),
                figure(&Ages::sampled, 0.99));
  };
  line("bare", &BothAges::bare);
  line("shielded", &BothAges::shielded);
}

int run(LossyOptions options, std::uint32_t repeats) {
  std::printf("%u players at %u Hz, round trip %.0f ms, %.2f %% of packets lost each way, codec %s\n",
              options.players.players, options.players.rate_hz, static_cast<double>(options.link.delay_ns) / 5e5,
              options.link.loss * 100, options.codec.c_str());
  std::vector<LossyRun> runs;
  for (std::uint32_t i = 0; i < repeats; ++i, ++options.link.seed) {
    const LossyRun& run = runs.emplace_back(run_lossy(options));
    std::printf("seed %llu: %s, %llu packets carried, %llu lost\n", static_cast<unsigned long long>(options.link.seed),
                run.congestion.c_str(), static_cast<unsigned long long>(run.packets.carried),
                static_cast<unsigned long long>(run.packets.lost));
    print("bare", run.ages.bare, options);
    print("shielded", run.ages.shielded, options);
    std::fflush(stdout);
  }
  print_medians(runs, options);
  return 0;
}

}  // namespace
}  // namespace tickrelay::bench

int main(int count, char** arguments) {
  using namespace tickrelay::bench;
  CLI::App app{"Measures state age over a link that loses packets, in network namespaces of its own (as root)."};
  LossyOptions options;
  double rtt_ms = 40, loss_percent = 1, seconds = 20;
  std::uint32_t repeats = 3;
  app.add_option("--players", options.players.players, "half of them with a loss shield")
      ->check(CLI::Range(2, 100))
      ->capture_default_str();
  app.add_option("--rate", options.players.rate_hz, "ticks a second")->check(CLI::Range(1, 240))->capture_default_str();
  app.add_option("--rtt-ms", rtt_ms)->check(CLI::Range(0, 2'000))->capture_default_str();
  app.add_option("--loss-percent", loss_percent, "of packets, each way")
      ->check(CLI::Range(0, 50))
      ->capture_default_str();
  app.add_option("--seconds", seconds, "of each run")->check(CLI::Range(1, 600))->capture_default_str();
  app.add_option("--repeat", repeats)->check(CLI::Range(1, 100))->capture_default_str();
  app.add_option("--seed", options.link.seed, "of the first run's losses")->capture_default_str();
  app.add_option("--codec", options.codec)->check(CLI::IsMember({"packed", "plain"}))->capture_default_str();
  app.add_option("--congestion", options.link.congestion,
                 "TCP's congestion control; the system's where it is not said");
  app.add_option("--program", options.program, "the relay: a path, or a name beside this program")
      ->capture_default_str();
  try {
    app.parse(count, arguments);
    options.link.delay_ns = static_cast<std::int64_t>(rtt_ms * 5e5);
    options.link.loss = loss_percent / 100;
    options.players.duration_ns = static_cast<std::int64_t>(seconds * 1e9);
    return run(options, repeats);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  } catch (const NoLink& error) {
    std::fprintf(stderr, "tickrelay-lossy: skipped, there is no link here: %s\n", error.what());
    return exit_skipped;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tickrelay-lossy: %s\n", error.what());
    return exit_failed;
  }
}
