#pragma once
// The curves of `tickrelay-bench scale`: what is measured at which points, what a unit costs, and how all of it is told. Pure: who runs
// the points is scale_command.cpp.

#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/load.h"
#include "bench/load/report.h"
#include "bench/load/server.h"

namespace tickrelay::bench {

// One relay, one load.
struct ScalePoint {
  std::uint32_t at = 0;  // on the part's axis
  LoadOptions load{};
  RoomSettings room{};
  std::uint32_t empty_rooms = 0;  // beside those of the players

  std::uint32_t players() const { return load.rooms * load.players; }
};

struct ScalePart {
  std::string name, what, axis;
  std::vector<ScalePoint> points;
};

std::vector<ScalePart> scale_parts(const std::string& codec);

// A point's row of the JSON: from a report of run_load, and why its figures are no limit of the relay where they are not ("": they stand).
Json scale_row(const ScalePoint& point, const Json& report);
// It was not run.
Json scale_row_without(const ScalePoint& point, const std::string& why);

// What one more of a thing costs, from the rows of all parts that were measured: name → {value, unit, from}.
Json unit_costs(const Json& parts);

// parts: name → {"what", "axis", "machine", "window_s", "codec", "rows"}; pictures are beside it, at pictures/scale-NAME.svg.
std::string scale_markdown(const Json& parts);
// Of one part: CPU a frame and second, or memory, over its axis.
std::string scale_picture(const std::string& name, const Json& part);

}  // namespace tickrelay::bench
