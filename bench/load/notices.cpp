#include "bench/load/notices.h"

#include <cmath>
#include <cstdio>

namespace tickrelay::bench {
namespace {

constexpr double read_ns_max = 1'000;  // a system call for each reading, or worse
constexpr double step_us_max = 100;
constexpr double sleep_late_ms_max = 1;  // of a median: no high resolution timers, or too many at work
constexpr double drift_ms_max = 1;
constexpr double link_share_max = 0.9;      // of what an interface says it can; the rest is framing
constexpr double generator_cpu_max = 0.95;  // of its one thread

std::string sentence(const char* format, auto... values) {
  char text[400];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

void add_generator(const Json& generator, std::vector<std::string>& found) {
  const double cpu = generator["cpu_s_per_s"];
  if (generator["saturated"].get<bool>()) {
    found.push_back(
        sentence("This program was the bottleneck: 1 %% of its own sends left more than %.1f ms late. These figures "
                 "say nothing about the server.",
                 generator["lateness_ms"]["p99"].get<double>()));
  } else if (cpu > generator_cpu_max) {
    found.push_back(sentence("This program used %.0f %% of a core: it is about to be the bottleneck.", 100 * cpu));
  }
}

void add_clock(const Json& clock, std::vector<std::string>& found) {
  const double read_ns = clock["read_ns"], step_us = clock["step_us"], late_ms = clock["sleep_late_ms"],
               drift_ms = clock["drift_ms"];
  if (read_ns > read_ns_max) found.push_back(sentence("The clock is bad: reading it takes %.0f ns.", read_ns));
  if (step_us > step_us_max) found.push_back(sentence("The clock is bad: it moves in steps of %.0f µs.", step_us));
  if (late_ms > sleep_late_ms_max) {
    found.push_back(sentence("The timers are bad: a sleep of 1 ms ends %.1f ms late. Latencies hold that.", late_ms));
  }
  if (std::abs(drift_ms) > drift_ms_max) {
    found.push_back(
        sentence("The server's clock moved %.1f ms against this one: what is counted from its ticks (lateness, state "
                 "age, latency beyond the tick) is off by up to that.",
                 drift_ms));
  }
}

void add_link(const Json& link, std::vector<std::string>& found) {
  const double speed = link["speed_mbit_per_s"], received = link["received_mbit_per_s"];
  if (speed > 0 && received > link_share_max * speed) {
    found.push_back(sentence(
        "The link was the limit: %s received %.0f of its %.0f Mbit/s. Ages and latencies are the link's, not the "
        "server's.",
        link["interface"].get<std::string>().c_str(), received, speed));
  }
}

}  // namespace

std::vector<std::string> notices(const Json& report) {
  std::vector<std::string> found;
  add_generator(report["generator"], found);
  add_clock(report["clock"], found);
  add_link(report["link"], found);
  return found;
}

}  // namespace tickrelay::bench
