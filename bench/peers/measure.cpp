#include "bench/peers/measure.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include "bench/load/machine.h"
#include "bench/load/process_stats.h"
#include "bench/load/report.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t gather_patience_ns = 60 * second_ns;
constexpr std::int64_t return_patience_ns = 5 * second_ns;
constexpr double on_time_min = 0.99;
constexpr std::int64_t latency_ticks_max = 2;
constexpr double others_cpu_max = 0.33;

double rounded(double value) { return std::round(value * 1e3) / 1e3; }
double ratio(double part, double whole) { return whole > 0 ? rounded(part / whole) : 0; }
double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

struct Reading {
  std::int64_t at_ns, server_ns, own_ns, busy_ns, rss_kib;
};

Reading read(pid_t server) {
  return {now_ns(), process_cpu_ns(server), own_cpu_ns(), busy_ns(), process_rss_kib(server)};
}

Json slow_json(const Metered& metered, const PeerLoadOptions& load, std::int64_t user_kib, std::int64_t kernel_bytes) {
  const std::uint32_t count = (load.rooms * load.players + load.slow_one_in - 2) / load.slow_one_in;
  Json ages = Json::array();
  for (const Histogram& second : metered.slow_age) {
    ages.push_back(rounded(static_cast<double>(second.quantile_ns(0.5)) * 1e-6));
  }
  return {{"players", count},
          {"bytes_per_s", load.slow_bytes_per_s},
          {"age_ms_by_second", ages},
          {"user_kib_each", ratio(static_cast<double>(user_kib), count)},
          {"kernel_kib_each", ratio(static_cast<double>(kernel_bytes) / 1024, count)},
          {"frames", metered.slow_frames}};
}

Json returned_json(const Returned& returned) {
  return {{"dropped", returned.dropped},
          {"back", returned.back},
          {"in_their_seats", returned.in_their_seats},
          {"p50_ms", rounded(static_cast<double>(returned.until_frame.quantile_ns(0.5)) * 1e-6)},
          {"max_ms", rounded(static_cast<double>(returned.until_frame.max_ns()) * 1e-6)}};
}

Json run_json(const Metered& metered, const PeerLoadOptions& load, const Reading& before, const Reading& after) {
  const double window_s = seconds(after.at_ns - before.at_ns);
  const double server_s = seconds(after.server_ns - before.server_ns), own_s = seconds(after.own_ns - before.own_ns);
  const double busy_s = seconds(after.busy_ns - before.busy_ns);
  const std::int64_t late_limit_ns = generator_lateness_limit_ns(load.rate_hz);
  const std::int64_t late_ns = metered.sent_late.quantile_ns(0.99);
  Json run{
      {"frames", {{"expected", metered.frames_expected}, {"received", metered.frames}, {"late", metered.frames_late}}},
      {"latency_ms", distribution_ms(metered.latency)},
      {"state_age_ms", distribution_ms(metered.state_age)},
      {"bytes_per_update",
       ratio(static_cast<double>(metered.decoded_bytes), static_cast<double>(metered.decoded_values))}};
  run["server"] = {{"cpu", ratio(server_s, window_s)},
                   {"us_per_frame", ratio(server_s * 1e6, static_cast<double>(metered.frames_all))},
                   {"rss_mib", ratio(static_cast<double>(after.rss_kib), 1024)}};
  run["values"] = {{"matched", metered.values_matched}, {"unknown", metered.values_unknown}};
  run["generator"] = {{"cpu", ratio(own_s, window_s)},
                      {"late_p99_ms", rounded(static_cast<double>(late_ns) * 1e-6)},
                      {"saturated", late_ns > late_limit_ns}};
  // Of all CPUs, what neither the server nor we used: above a few percent, someone else was at work.
  run["machine"] = {{"load", rounded(load_average())},
                    {"others_cpu", ratio(std::max(0.0, busy_s - server_s - own_s), window_s)},
                    {"words", machine_words()}};
  return run;
}

}  // namespace

Json measure(const Peer& peer, const PeerPlace& place, const MeasureOptions& options) {
  PeerServer server(peer, place, options.load.rate_hz, options.load.players);
  PeerLoad load(peer, server.endpoint(), options.load);
  load.gather(gather_patience_ns);
  load.play(now_ns() + options.warmup_ns);

  const Reading before = read(server.process());
  const std::int64_t end_ns = before.at_ns + options.duration_ns;
  load.open(before.at_ns, end_ns);
  load.play(end_ns);
  load.close();
  const Reading after = read(server.process());

  Json run{{"peer", peer.name},
           {"version", peer_version(peer, place)},
           {"rooms", options.load.rooms},
           {"players", options.load.players},
           {"rate", options.load.rate_hz},
           {"seconds", seconds(options.duration_ns)}};
  run.update(run_json(load.metered(), options.load, before, after));
  if (options.load.slow_one_in > 0) {
    const int port = std::atoi(server.endpoint().host.substr(server.endpoint().host.rfind(':') + 1).c_str());
    run["slow"] = slow_json(load.metered(), options.load, after.rss_kib - before.rss_kib, load.slow_unsent_bytes(port));
  }
  if (options.returns) run["returned"] = returned_json(load.drop_and_return(return_patience_ns));
  run["errors"] = Json::object();
  for (const auto& [what, count] : load.metered().errors) run["errors"][what] = count;
  return run;
}

bool others_at_work(const Json& run) { return run["machine"]["others_cpu"].get<double>() > others_cpu_max; }

bool disturbed(const Json& run) { return run["generator"]["saturated"].get<bool>() || others_at_work(run); }

std::string missed(const Json& run) {
  const Json& frames = run["frames"];
  const double expected = frames["expected"].get<double>();
  const double on_time = std::min(frames["received"].get<double>(), expected) - frames["late"].get<double>();
  const double p99_ms = run["latency_ms"]["p99"].get<double>();
  if (run["generator"]["saturated"].get<bool>()) return "the generator";
  if (on_time < on_time_min * expected) return "frames on time: " + std::to_string(on_time / expected).substr(0, 6);
  if (p99_ms > latency_ticks_max * 1e3 / run["rate"].get<double>()) {
    return "latency p99: " + std::to_string(p99_ms).substr(0, 6) + " ms";
  }
  return "";
}

}  // namespace tickrelay::bench
