#pragma once
// The report of `tickrelay-fleet watch`, for people. Pure.

#include <string>

#include "bench/load/report.h"

namespace tickrelay::bench {

// What the table shows, of all rounds: [{"name", "digits", "without" and "with": {"median", "least", "most"} where there is any}].
Json watch_figures(const Json& rounds);
// A round in a line.
std::string watch_line(const Json& round);
// Of measure_watch()'s report.
std::string watch_text(const Json& report);

}  // namespace tickrelay::bench
