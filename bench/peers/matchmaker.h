#pragma once
// Colyseus gives seats over HTTP: one request for each, then a WebSocket at the path that it answers.

#include <string>

#include "bench/net/endpoint.h"

namespace tickrelay::bench {

struct ColyseusSeat {
  std::string process_id, room_id, session_id;
};

// method: "create" with the room's type, "joinById" with its id. Blocking, at most five seconds.
// Throws std::runtime_error with what the server said.
ColyseusSeat reserve_seat(const Endpoint& server, const std::string& method, const std::string& what);

}  // namespace tickrelay::bench
