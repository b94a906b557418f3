#pragma once
// One run: a peer's server is started, a load is put on it, and what came of it is one JSON object.

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <string>

#include "bench/peers/peer.h"
#include "bench/peers/peer_load.h"

namespace tickrelay::bench {

using Json = nlohmann::ordered_json;

struct MeasureOptions {
  PeerLoadOptions load;
  std::int64_t warmup_ns = 1'500'000'000, duration_ns = 3'000'000'000;
  bool returns = true;  // at the end some are dropped and come back
};

// Throws std::runtime_error where the server does not start or does not let all in.
//
//   {"peer", "version", "rooms", "players", "rate", "seconds", "frames": {"expected", "received", "late"},
//    "latency_ms": {…}, "state_age_ms": {…}, "bytes_per_update", "bytes_per_s_per_player",
//    "server": {"cpu", "us_per_frame", "rss_mib"}, "values": {"matched", "unknown"},
//    "generator": {"cpu", "late_p99_ms", "saturated"}, "machine": {"load", "others_cpu", "words"},
//    "returned": {"dropped", "back", "in_their_seats", "p50_ms", "max_ms"},
//    "slow": {"players", "bytes_per_s", "age_ms_by_second", "user_kib_each", "kernel_kib_each", "frames"}, "errors"}
Json measure(const Peer& peer, const PeerPlace& place, const MeasureOptions& options);

// Others than the server and the generator had more than a third of a CPU.
bool others_at_work(const Json& run);
// They were, or the generator itself was late: what came of it says little about the server.
bool disturbed(const Json& run);

// "": it held what capacity asks for: 99 % of the frames on time, latency p99 under two ticks.
std::string missed(const Json& run);

}  // namespace tickrelay::bench
