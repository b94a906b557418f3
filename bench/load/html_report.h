#pragma once
// A report as one HTML file: notices, plots, every figure. Nothing is fetched, no script runs; light or dark as the
// reader has it.

#include <string>

#include "bench/load/report.h"

namespace tickrelay::bench {

std::string html(const Json& report);

}  // namespace tickrelay::bench
