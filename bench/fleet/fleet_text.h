#pragma once
// A simulated fleet's report, for people and as JSON.

#include <string>

#include "bench/fleet/engine_limits.h"
#include "bench/fleet/simulated_fleet.h"

namespace tickrelay::bench {

std::string text_of(const FleetPlan& plan, const FleetReport& report);
std::string json_of(const FleetPlan& plan, const FleetReport& report);
std::string text_of(const EngineLimits& limits);

}  // namespace tickrelay::bench
