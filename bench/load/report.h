#pragma once
// What was measured, as the JSON that --out writes and as a few lines for people.

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/clock_quality.h"
#include "bench/load/link.h"
#include "bench/load/server.h"
#include "bench/load/tally.h"

namespace tickrelay::bench {

using Json = nlohmann::ordered_json;

struct RunFacts {
  Json config{};
  std::uint32_t rate_hz = 1, players = 1;
  double window_s = 0;
  double generator_cpu_s = 0;
  bool server_local = false;
  ServerReading before{}, after{};
  ClockQuality clock{};
  LinkUse link{};
};

Json distribution_ms(const Histogram& histogram);
Json make_report(const RunFacts& facts, const Measured& measured);

// The generator was the bottleneck where 1 % of its own sends left later than this.
std::int64_t generator_lateness_limit_ns(std::uint32_t rate_hz);
bool saturated(const Measured& measured, std::uint32_t rate_hz);

std::string summary(const Json& report);

// A figure of the report that may not be above `limit`.
struct Target {
  std::string flag, pointer;
  std::optional<double> limit;
};
std::vector<Target> known_targets();
// One line per missed target.
std::vector<std::string> missed_targets(const Json& report, const std::vector<Target>& targets);

}  // namespace tickrelay::bench
