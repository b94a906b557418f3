// What a configuration opens to whoever reaches its ports. Pure: reads no file.
#pragma once

#include <string>
#include <vector>

#include "relay/options.h"

namespace tickrelay {

// Why a relay must not start with these: dangerous, or contradictory. With the line that mends it; empty: it may.
std::string refuse_exposed(const Options& options);

// What its operator should know: each with the line that ends it.
std::vector<std::string> exposures(const Options& options);

}  // namespace tickrelay
