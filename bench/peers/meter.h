#pragma once
// What a run measures, the same for every peer: by what players sent and what came back to other players, never by what
// a server says of itself. No I/O, no clock: every call carries its time.

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/load/histogram.h"
#include "bench/load/sent_log.h"
#include "bench/peers/player.h"

namespace tickrelay::bench {

struct Metered {
  std::uint64_t frames_expected = 0, frames = 0;  // of players that are not slow
  std::uint64_t frames_late = 0;                  // more than two ticks after the one before
  std::uint64_t frames_all = 0;
  Histogram latency;    // from the intended send to the value in another player's or its own hands
  Histogram state_age;  // now minus the intended send of the newest value held; decoders, every 10 ms
  std::uint64_t values_matched = 0, values_unknown = 0;
  std::uint64_t decoded_bytes = 0, decoded_values = 0;
  Histogram sent_late;  // the generator's own
  std::uint64_t slow_frames = 0, slow_bytes = 0;
  std::vector<Histogram> slow_age;  // by second of the window
  std::map<std::string, std::uint64_t> errors;
};

class Meter {
 public:
  // values_kept: of each player, a power of two; what comes back later is not known again.
  Meter(std::uint32_t rooms, std::uint32_t players_per_room, std::uint32_t rate_hz, std::uint32_t values_kept);

  void seat(const Player& player);
  void open(std::int64_t begin_ns, std::int64_t end_ns, const std::vector<const Player*>& players);
  void close(const std::vector<const Player*>& players);

  void on_move(const Player& player, const Placement& placement, std::int64_t intended_ns, std::int64_t written_ns);
  void on_value(const Player& player, std::uint32_t entity, const Placement& placement, std::int64_t now_ns);
  void on_frame(const Player& player, std::int64_t now_ns);
  void sample_ages(std::int64_t now_ns, const std::vector<const Player*>& players);
  void count_error(const std::string& what) { ++metered_.errors[what]; }

  const Metered& metered() const { return metered_; }

 private:
  struct Receiver {
    std::int64_t frame_ns = 0;        // the last one's arrival
    std::int64_t newest_ns = 0;       // intended send of the newest value
    std::vector<std::uint32_t> seen;  // newest value's number, by player of the room
    std::uint64_t bytes_before = 0;
  };

  bool inside(std::int64_t when_ns) const { return begin_ns_ <= when_ns && when_ns < end_ns_; }
  std::uint64_t entity_key(const Player& player, std::uint32_t entity) const;

  std::uint32_t players_, rate_hz_;
  std::int64_t begin_ns_ = INT64_MAX, end_ns_ = INT64_MAX;
  std::vector<Receiver> receivers_;
  std::vector<SentLog> sent_;
  std::unordered_map<std::uint64_t, std::uint32_t> owners_;  // room and entity → player
  Metered metered_;
};

}  // namespace tickrelay::bench
