// tickrelay-lossy: how old is what players see across a link that loses packets, with a loss shield and without?

#include <algorithm>
#include <cstdio>
#include <functional>
#include <vector>

#include "bench/command_line/command_line.h"
#include "bench/lossy/lossy.h"

namespace tickrelay::bench {
namespace {

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
  CommandLine app("tickrelay-lossy",
                  "Measures state age over a link that loses packets, in network namespaces of its own (as root).");
  LossyOptions options;
  double rtt_ms = 40, loss_percent = 1, seconds = 20;
  std::uint32_t repeats = 3;
  app.add("--players", options.players.players, "half of them with a loss shield").within(2, 100).shown();
  app.add("--rate", options.players.rate_hz, "ticks a second").within(1, 240).shown();
  app.add("--rtt-ms", rtt_ms).within(0, 2'000).shown();
  app.add("--loss-percent", loss_percent, "of packets, each way").within(0, 50).shown();
  app.add("--seconds", seconds, "of each run").within(1, 600).shown();
  app.add("--repeat", repeats).within(1, 100).shown();
  app.add("--seed", options.link.seed, "of the first run's losses").shown();
  app.add("--codec", options.codec).among({"packed", "plain"}).shown();
  app.add("--congestion", options.link.congestion,
                 "TCP's congestion control; the system's where it is not said");
  app.add("--program", options.program, "the relay: a path, or a name beside this program").shown();
  return app.run(count, arguments, [&] {
    try {
      options.link.delay_ns = static_cast<std::int64_t>(rtt_ms * 5e5);
      options.link.loss = loss_percent / 100;
      options.players.duration_ns = static_cast<std::int64_t>(seconds * 1e9);
      return run(options, repeats);
    } catch (const NoLink& error) {
      std::fprintf(stderr, "tickrelay-lossy: skipped, there is no link here: %s\n", error.what());
      return exit_skipped;
    }
  });
}
