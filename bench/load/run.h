#pragma once
// One measured run: rooms filled, warmed up, a window measured, what is still under way waited for.

#include <functional>
#include <string>

#include "bench/load/load.h"
#include "bench/load/report.h"
#include "bench/load/server.h"

namespace tickrelay::bench {

// Who measures more in the same window. Called on the load's thread, so neither may wait.
class Beside {
 public:
  virtual ~Beside() = default;
  virtual void opened(std::int64_t begin_ns, std::int64_t end_ns) = 0;
  virtual void closed() = 0;
};

struct RunOptions {
  LoadOptions load{};  // without room ids, rooms are made
  RoomSettings room{};
  std::int64_t warmup_ns = 0, duration_ns = 0;
  std::int64_t gather_patience_ns = 60'000'000'000;
  Json config{};  // what the report repeats
  Beside* beside = nullptr;
};

using Progress = std::function<void(const std::string& line)>;

// Throws std::runtime_error where the load could not be put on the server.
Json run_load(Server& server, RunOptions options, const Progress& progress);

// The exit codes of the programs that measure.
constexpr int exit_target_missed = 3, exit_saturated = 4;

}  // namespace tickrelay::bench
