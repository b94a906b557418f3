#pragma once
// What a reader must know before believing a report: where the generator, its clock or its link was the limit. Sentences,
// from the report's own figures.

#include <string>
#include <vector>

#include "bench/load/report.h"

namespace tickrelay::bench {

std::vector<std::string> notices(const Json& report);

}  // namespace tickrelay::bench
