#pragma once
// The few things that a run reads from the relay's /metrics (Prometheus text).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/net/endpoint.h"

namespace tickrelay::bench {

struct TickMetrics {
  struct Bucket {
    double upper_s;  // infinity in the last
    double count;    // of this bucket and all below it
  };
  double ticks_skipped = 0;
  std::vector<Bucket> lateness;
};

TickMetrics parse_tick_metrics(std::string_view text);

// What happened between two readings.
TickMetrics difference(const TickMetrics& before, const TickMetrics& after);

// The sample of this name that has no labels; 0 where there is none.
double metric(std::string_view page, std::string_view name);

// Interpolated inside the bucket; share 1 gives the upper bound of the highest bucket that holds anything.
double lateness_quantile_s(const TickMetrics& metrics, double share);

// The body of GET on the endpoint's path; blocking, at most a second. nullopt: no answer, or not 200.
std::optional<std::string> http_get(const Endpoint& endpoint);

}  // namespace tickrelay::bench
