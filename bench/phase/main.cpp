// tickrelay-phase: how long from a player's input to another player's copy, sent just before the tick and sent at any phase?

#include <cstdio>

#include "bench/command_line/command_line.h"
#include "bench/lossy/lossy_link.h"
#include "bench/phase/phase.h"

namespace tickrelay::bench {
namespace {

void print(const char* name, const PhaseSide& side) {
  const auto ms = [](const Histogram& of, double share) { return static_cast<double>(of.quantile_ns(share)) / 1e6; };
  std::printf("  %-11s input to state p50 %6.1f  p99 %6.1f ms; read before its tick p1 %5.1f  p50 %5.1f  p99 %5.1f ms; %llu sent, %llu replaced\n",
              name, ms(side.latency, 0.5), ms(side.latency, 0.99), ms(side.early, 0.01), ms(side.early, 0.5), ms(side.early, 0.99),
              static_cast<unsigned long long>(side.sent), static_cast<unsigned long long>(side.replaced));
}

}  // namespace
}  // namespace tickrelay::bench

int main(int count, char** arguments) {
  using namespace tickrelay::bench;
  CommandLine app("tickrelay-phase",
                  "Measures from input to another player's copy, aligned with the relay's ticks and not, in one room at one time.");
  PhaseOptions options;
  double rtt_ms = -1, seconds = 20, frame_ms = 0;
  std::uint32_t repeats = 3;
  app.add("--players", options.players, "half of them aligned").within(2, 64).shown();
  app.add("--rate", options.rate_hz, "ticks a second").within(1, 240).shown();
  app.add("--seconds", seconds, "of each run").within(1, 600).shown();
  app.add("--frame-ms", frame_ms, "poll once in so many ms, like a game; 0: when something is due").within(0.0, 100.0);
  app.add("--rtt-ms", rtt_ms, "over a link with this round trip, in network namespaces (as root); without: loopback").within(0, 2'000);
  app.add("--repeat", repeats).within(1, 100).shown();
  app.add("--program", options.program, "the relay: a path, or a name beside this program").shown();
  return app.run(count, arguments, [&] {
    try {
      options.duration_ns = static_cast<std::int64_t>(seconds * 1e9);
      options.frame_ns = static_cast<std::int64_t>(frame_ms * 1e6);
      if (rtt_ms >= 0) options.delay_ns = static_cast<std::int64_t>(rtt_ms * 5e5);
      std::printf("%u players at %u Hz, ", options.players, options.rate_hz);
      rtt_ms < 0 ? std::printf("loopback\n") : std::printf("round trip %.0f ms\n", rtt_ms);
      for (std::uint32_t i = 0; i < repeats; ++i) {
        const PhaseRun run = run_phase(options);
        print("aligned", run.aligned);
        print("not aligned", run.unaligned);
        std::fflush(stdout);
      }
      return 0;
    } catch (const NoLink& error) {
      std::fprintf(stderr, "tickrelay-phase: skipped, there is no link here: %s\n", error.what());
      return exit_skipped;
    }
  });
}
