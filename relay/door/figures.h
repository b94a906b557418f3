// The numbers of /metrics as the dashboard's JSON: the same counters, the same names of kinds and reasons. For .cpp files
// of the door only.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "relay/stats.h"

namespace tickrelay {

// {"connections", …, "bytes_sent": {kind: count}, "refused": {reason: count}, "state_age": {"bounds_s", "counts", "sum_s"}}.
// counts: one more than bounds, not cumulative.
nlohmann::json figures_to_json(const StatsTotals& totals, const ProcessFigures& process);

}  // namespace tickrelay
