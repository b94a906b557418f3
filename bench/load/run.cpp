#include "bench/load/run.h"

#include <cstdio>
#include <stdexcept>
#include <utility>

#include "bench/load/clock_offset.h"
#include "bench/load/clock_quality.h"
#include "bench/load/link.h"
#include "bench/load/process_stats.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t settle_ns = 500 * ms_ns;  // after the window: frames of its last ticks arrive

std::string progress_line(const Measured& measured, std::int64_t second, std::int64_t of) {
  char text[160];
  const auto ms = [](std::int64_t ns) { return static_cast<double>(ns) * 1e-6; };
  std::snprintf(text, sizeof text, "%3lld/%lld s  %llu frames, latency p50 %.1f p99 %.1f ms",
                static_cast<long long>(second), static_cast<long long>(of),
                static_cast<unsigned long long>(measured.frames_received), ms(measured.latency.quantile_ns(0.5)),
                ms(measured.latency.quantile_ns(0.99)));
  return text;
}

}  // namespace

Json run_load(Server& server, RunOptions options, const Progress& progress) {
  const auto server_ahead_ns = measure_server_ahead_ns(server.endpoint());
  if (!server_ahead_ns) throw std::runtime_error("the server answers no Ping at " + server.endpoint().host);
  options.load.server_ahead_ns = *server_ahead_ns;
  if (options.load.room_ids.empty()) options.load.room_ids = server.spawn_rooms(options.load.rooms, options.room);

  Load load(server.endpoint(), options.load);
  progress(std::to_string(options.load.rooms * options.load.players) + " players join");
  const std::string failure = load.gather(options.gather_patience_ns);
  if (!failure.empty()) throw std::runtime_error(failure);

  load.play(now_ns() + options.warmup_ns, [](std::int64_t) {});
  RunFacts facts{.config = std::move(options.config),
                 .rate_hz = options.load.rate_hz,
                 .players = options.load.players,
                 .window_s = static_cast<double>(options.duration_ns) * 1e-9,
                 .server_local = server.local(),
                 .clock = measure_clock_quality()};
  Link link(server.endpoint());
  const std::int64_t begin_ns = now_ns(), end_ns = begin_ns + options.duration_ns;
  load.tally().open(begin_ns, end_ns);
  link.begin(begin_ns);
  std::future<ServerReading> before = server.read();
  const std::int64_t own_before_ns = own_cpu_ns();
  if (options.beside != nullptr) options.beside->opened(begin_ns, end_ns);
  load.play(end_ns, [&](std::int64_t now) {
    const std::int64_t second = (now - begin_ns) / second_ns;
    progress(progress_line(load.tally().measured(), second, options.duration_ns / second_ns));
  });
  load.tally().close();
  facts.link = link.end(now_ns());
  facts.generator_cpu_s = static_cast<double>(own_cpu_ns() - own_before_ns) * 1e-9;
  std::future<ServerReading> after = server.read();
  if (options.beside != nullptr) options.beside->closed();
  load.play(end_ns + settle_ns, [](std::int64_t) {});
  facts.before = before.get(), facts.after = after.get();
  // Of one machine it is 0 both times.
  facts.clock.drift_ns = measure_server_ahead_ns(server.endpoint()).value_or(*server_ahead_ns) - *server_ahead_ns;
  return make_report(facts, load.tally().measured());
}

}  // namespace tickrelay::bench
