#pragma once
// What a run measures, from the clients' events. Knows the window: only what was due, meant or received inside it
// counts. No I/O, no clock: every call carries its time.

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/load/crowd.h"
#include "bench/load/histogram.h"
#include "bench/load/sent_log.h"

namespace tickrelay::bench {

// What happened in a second of the window, for plots.
struct Second {
  std::uint64_t frames = 0, bytes = 0;
  std::int64_t latency_p50_ns = 0, latency_p99_ns = 0, state_age_p99_ns = 0;
};

struct Measured {
  std::uint64_t frames_expected = 0, frames_received = 0, frames_late = 0, frames_all = 0;
  Histogram latency, latency_beyond_tick, state_age, age_at_arrival;
  std::uint64_t values_matched = 0, values_unknown = 0;
  std::uint64_t values_missed_tick = 0;  // there before a tick, not in its frame
  std::uint32_t slow_clients = 0;
  Histogram slow_state_age;
  std::uint64_t slow_frames = 0, slow_bytes = 0;
  std::uint64_t bytes = 0, decoded_bytes = 0, decoded_updates = 0;
  Histogram generator_lateness;
  std::map<std::string, std::uint64_t> errors;
  std::vector<Second> seconds;
};

class Tally {
 public:
  // Once all clients are seated; who has no frame yet ages from now. server_ahead_ns: the server's clock minus ours.
  Tally(Crowd& crowd, std::uint32_t players_per_room, std::int64_t server_ahead_ns, std::int64_t now_ns);

  void open(std::int64_t begin_ns, std::int64_t end_ns);
  // At the window's end: what is counted by the time of arrival.
  void close();

  void on_step(std::uint32_t player, const Placement& placement, std::int64_t intended_ns, std::int64_t written_ns);
  void on_frame(const Client& client, const FrameFacts& frame, std::int64_t now_ns);
  void count_error(const std::string& what) { ++measured_.errors[what]; }
  void sample_ages(std::int64_t now_ns);

  const Measured& measured() const { return measured_; }

 private:
  struct Receiver {
    std::int64_t complete_due_ns = 0;  // of the newest complete tick
    std::uint64_t bytes_before = 0;
    bool slow = false;
    std::vector<std::uint32_t> seen;  // decoders: newest value's number by player of the room
  };

  // Ends every second of the window that is over.
  void end_seconds(std::int64_t now_ns);
  std::uint64_t bytes_received() const;
  bool inside(std::int64_t when_ns) const { return begin_ns_ <= when_ns && when_ns < end_ns_; }
  std::int64_t due_ns(const Seat& seat, std::uint32_t tick) const;
  std::uint64_t ticks_expected(const Seat& seat) const;
  void match_values(const Client& client, Receiver& receiver, const FrameFacts& frame, std::int64_t now_ns);
  void add_latency(const Seat& seat, const Sent& sent, const FrameFacts& frame, std::int64_t now_ns);

  Crowd& crowd_;
  std::uint32_t players_;
  std::int64_t server_ahead_ns_;
  std::int64_t begin_ns_ = INT64_MAX, end_ns_ = INT64_MAX;
  std::vector<Receiver> receivers_;                          // by client
  std::vector<SentLog> sent_;                                // by player
  std::unordered_map<std::uint64_t, std::uint32_t> owners_;  // room and entity → player
  Measured measured_;

  // Of the present second.
  Histogram second_latency_, second_age_;
  std::uint64_t second_frames_ = 0, second_bytes_before_ = 0;
};

}  // namespace tickrelay::bench
