#include "bench/load/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "bench/load/notices.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

double rounded(double value) { return std::round(value * 1e3) / 1e3; }

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

Json lateness_ms(const TickMetrics& ticks) {
  const auto at = [&](double quantile) { return rounded(lateness_quantile_s(ticks, quantile) * 1e3); };
  return {{"p50", at(0.5)}, {"p90", at(0.9)}, {"p99", at(0.99)}, {"p99_9", at(0.999)}, {"max", at(1)}};
}

Json server_json(const RunFacts& facts, const Measured& measured) {
  Json server = Json::object();
  if (facts.server_local) {
    const double cpu_s = static_cast<double>(facts.after.cpu_ns - facts.before.cpu_ns) * 1e-9;
    server["cpu_s_per_s"] = rounded(share(cpu_s, facts.window_s));
    server["cpu_us_per_frame"] = rounded(share(cpu_s * 1e6, static_cast<double>(measured.frames_all)));
    server["rss_kib"] = facts.after.rss_kib;
  }
  if (facts.before.ticks && facts.after.ticks) {
    const TickMetrics ticks = difference(*facts.before.ticks, *facts.after.ticks);
    server["ticks_skipped"] = ticks.ticks_skipped;
    server["tick_lateness_ms"] = lateness_ms(ticks);
  }
  return server;
}

double ms(std::int64_t ns) { return rounded(static_cast<double>(ns) * 1e-6); }

Json conditions_json(const RunFacts& facts) {
  return {{"clock",
           {{"read_ns", rounded(facts.clock.read_ns)},
            {"step_us", rounded(static_cast<double>(facts.clock.step_ns) * 1e-3)},
            {"sleep_late_ms", ms(facts.clock.sleep_late_ns)},
            {"drift_ms", ms(facts.clock.drift_ns)}}},
          {"link",
           {{"interface", facts.link.interface},
            {"speed_mbit_per_s", rounded(facts.link.speed_bits_per_s * 1e-6)},
            {"received_mbit_per_s", rounded(facts.link.received_bits_per_s * 1e-6)}}}};
}

Json seconds_json(const Measured& measured) {
  Json seconds = Json::array();
  for (const Second& second : measured.seconds) {
    seconds.push_back({{"frames", second.frames},
                       {"kilobytes", rounded(static_cast<double>(second.bytes) * 1e-3)},
                       {"latency_p50_ms", ms(second.latency_p50_ns)},
                       {"latency_p99_ms", ms(second.latency_p99_ns)},
                       {"state_age_p99_ms", ms(second.state_age_p99_ns)}});
  }
  return seconds;
}

// By what the decoders got; where nobody decoded, as if every frame held the whole room.
double bytes_per_update(const RunFacts& facts, const Measured& measured) {
  if (measured.decoded_updates > 0) {
    return rounded(static_cast<double>(measured.decoded_bytes) / static_cast<double>(measured.decoded_updates));
  }
  const double frames = static_cast<double>(measured.frames_received);
  return rounded(share(static_cast<double>(measured.bytes), frames * facts.players));
}

std::string line(const char* format, auto... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string distribution_line(const char* name, const Json& ms) {
  return line("%-22s p50 %.1f  p90 %.1f  p99 %.1f  p99.9 %.1f  max %.1f ms\n", name, ms["p50"].get<double>(),
              ms["p90"].get<double>(), ms["p99"].get<double>(), ms["p99_9"].get<double>(), ms["max"].get<double>());
}

}  // namespace

Json distribution_ms(const Histogram& histogram) {
  const auto ms = [&](double quantile) { return rounded(static_cast<double>(histogram.quantile_ns(quantile)) * 1e-6); };
  return {{"p50", ms(0.5)},
          {"p90", ms(0.9)},
          {"p99", ms(0.99)},
          {"p99_9", ms(0.999)},
          {"max", rounded(static_cast<double>(histogram.max_ns()) * 1e-6)}};
}

Json make_report(const RunFacts& facts, const Measured& measured) {
  Json report;
  report["config"] = facts.config;
  report["frames"] = {
      {"expected", measured.frames_expected},
      {"received", measured.frames_received},
      {"late", measured.frames_late},
      {"missing", measured.frames_expected - std::min(measured.frames_expected, measured.frames_received)}};
  report["latency_ms"] = distribution_ms(measured.latency);
  report["latency_beyond_tick_ms"] = distribution_ms(measured.latency_beyond_tick);
  report["state_age_ms"] = distribution_ms(measured.state_age);
  report["age_at_arrival_ms"] = distribution_ms(measured.age_at_arrival);
  report["slow"] = {{"clients", measured.slow_clients},
                    {"state_age_ms", distribution_ms(measured.slow_state_age)},
                    {"frames", measured.slow_frames},
                    {"bytes", measured.slow_bytes}};
  report["bytes"] = {{"received", measured.bytes}, {"per_entity_update", bytes_per_update(facts, measured)}};
  report["server"] = server_json(facts, measured);
  report["generator"] = {{"cpu_s_per_s", rounded(share(facts.generator_cpu_s, facts.window_s))},
                         {"lateness_ms", distribution_ms(measured.generator_lateness)},
                         {"saturated", saturated(measured, facts.rate_hz)}};
  report["values"] = {{"matched", measured.values_matched},
                      {"unknown", measured.values_unknown},
                      {"missed_tick", measured.values_missed_tick}};
  report.update(conditions_json(facts));
  report["notices"] = notices(report);
  report["seconds"] = seconds_json(measured);
  report["errors"] = Json::object();
  for (const auto& [what, count] : measured.errors) report["errors"][what] = count;
  return report;
}

std::int64_t generator_lateness_limit_ns(std::uint32_t rate_hz) {
  return std::max<std::int64_t>(5 * ms_ns, second_ns / rate_hz / 4);
}

bool saturated(const Measured& measured, std::uint32_t rate_hz) {
  return measured.generator_lateness.quantile_ns(0.99) > generator_lateness_limit_ns(rate_hz);
}

std::string summary(const Json& report) {
  const Json& frames = report["frames"];
  const double expected = frames["expected"].get<double>(), received = frames["received"].get<double>();
  std::string text = line("frames                 %.0f of %.0f (%.2f %%), %.0f late\n", received, expected,
                          100 * share(received, expected), frames["late"].get<double>());
  text += distribution_line("latency", report["latency_ms"]);
  text += distribution_line("  beyond the tick", report["latency_beyond_tick_ms"]);
  text += distribution_line("state age", report["state_age_ms"]);
  text += distribution_line("  at arrival", report["age_at_arrival_ms"]);
  if (report["slow"]["clients"].get<int>() > 0) {
    text += distribution_line("state age, slow", report["slow"]["state_age_ms"]);
  }
  text += line("bytes                  %.0f, %.2f an entity update\n", report["bytes"]["received"].get<double>(),
               report["bytes"]["per_entity_update"].get<double>());
  const Json& server = report["server"];
  if (server.contains("cpu_s_per_s")) {
    text += line("server                 %.1f %% of a core, %.2f us a frame, %.1f MiB\n",
                 100 * server["cpu_s_per_s"].get<double>(), server["cpu_us_per_frame"].get<double>(),
                 server["rss_kib"].get<double>() / 1024);
  }
  if (server.contains("ticks_skipped")) {
    text += line("ticks                  %.0f skipped\n", server["ticks_skipped"].get<double>());
    text += distribution_line("  lateness", server["tick_lateness_ms"]);
  }
  text += line("generator              %.1f %% of a core\n", 100 * report["generator"]["cpu_s_per_s"].get<double>());
  text += distribution_line("  lateness", report["generator"]["lateness_ms"]);
  for (const auto& [what, count] : report["errors"].items())
    text += line("error                  %s: %.0f\n", what.c_str(), count.get<double>());
  for (const Json& notice : report["notices"]) text += "notice                 " + notice.get<std::string>() + "\n";
  return text;
}

}  // namespace tickrelay::bench
