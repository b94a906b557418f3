#pragma once
// One measured run: rooms filled, warmed up, a window measured, what is still under way waited for.

#include <functional>
#include <string>

#include "bench/load/load.h"
#include "bench/load/report.h"
#include "bench/load/server.h"

namespace tickrelay::bench {

struct RunOptions {
  LoadOptions load{};
  RoomSettings room{};
  std::int64_t warmup_ns = 0, duration_ns = 0;
  std::int64_t gather_patience_ns = 60'000'000'000;
  Json config{};  // what the report repeats
};

using Progress = std::function<void(const std::string& line)>;

// Throws std::runtime_error where the load could not be put on the server.
Json run_load(Server& server, RunOptions options, const Progress& progress);

// The exit codes of the programs that measure.
constexpr int exit_target_missed = 3, exit_saturated = 4;

}  // namespace tickrelay::bench
