#pragma once
// The load of `run`: a crowd in rooms, each player setting its entity once per tick. One thread: reads and writes
// happen at a grain of half a millisecond, so that a busy generator makes few system calls.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "bench/load/crowd.h"
#include "bench/load/gathering.h"
#include "bench/load/movement.h"
#include "bench/load/tally.h"

namespace tickrelay::bench {

struct LoadOptions {
  std::uint32_t rooms = 1, players = 1, rate_hz = 20;
  std::uint32_t entities = 1;  // of each player: its own, and others that follow it
  std::uint32_t still = 0;     // of each player, beside these: they never move
  bool moves = true;           // false: nobody does anything
  std::string type = "bench";
  std::vector<std::string> room_ids{};  // rooms that exist; empty: the clients make them
  double slow_fraction = 0;
  std::int64_t slow_bytes_per_s = 20'000;
  int slow_receive_buffer_bytes = 0;
  std::uint32_t decode_one_in = 16;
  std::int64_t server_ahead_ns = 0;
  // Of every step, on the load's thread: who else sees the value come back.
  std::function<void(std::uint32_t entity, const Placement& placement, std::int64_t intended_ns)> on_step{};
};

class Load final : private ClientEvents {
 public:
  Load(Endpoint endpoint, LoadOptions options);

  // "" when all have their seats, else why not.
  std::string gather(std::int64_t timeout_ns);
  // Plays until then; `each_second` may look at what is measured so far.
  void play(std::int64_t until_ns, const std::function<void(std::int64_t now_ns)>& each_second);

  Tally& tally() { return *tally_; }

 private:
  void on_seated(Client& client, std::int64_t now_ns) override;
  void on_frame(Client& client, const FrameFacts& frame, std::int64_t now_ns) override;
  void on_discarded(Client& client, const FrameFacts& frame, std::int64_t now_ns) override;
  void on_lost(Client& client, std::int64_t now_ns) override;
  void on_refused(Client& client, const std::string& reason) override;
  void on_closed(Client& client, int code, const std::string& reason) override;
  std::int64_t sweep_time_ns(std::int64_t sweep) const;
  void on_step(const Movement::Step& step);

  LoadOptions options_;
  Crowd crowd_;
  Gathering gathering_;
  Movement movement_;
  std::optional<Tally> tally_;
  bool started_ = false;
  std::int64_t start_ns_ = 0, sweeps_ = 0;
  std::int64_t next_sweep_ns_ = 0, next_second_ns_ = 0;
};

}  // namespace tickrelay::bench
