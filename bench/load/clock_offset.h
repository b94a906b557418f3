#pragma once
// How far the server's clock is ahead of ours, by Ping and Pong.

#include <cstdint>
#include <optional>

#include "bench/net/endpoint.h"

namespace tickrelay::bench {

// Pings on a connection of its own and keeps the quickest round. Where what is left is within that round trip, both
// read one clock and it is 0. nullopt: no answer within two seconds.
std::optional<std::int64_t> measure_server_ahead_ns(const Endpoint& endpoint);

}  // namespace tickrelay::bench
