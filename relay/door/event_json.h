// An event of the relay as JSON: on the admin socket, and in the fleet's stream. No clock, no I/O.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "relay/door/event_ring.h"

namespace tickrelay {

// `seq`, `type`, `time_ms`, and what this type has beside.
nlohmann::json to_json(const RelayEvent& event);

}  // namespace tickrelay
