#pragma once
// A storm: everybody plays, all connections are lost at once, everybody comes back to its seat within a window. One
// thread. A client is back when the first frame after its Resume was applied.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/crowd.h"
#include "bench/load/gathering.h"
#include "bench/load/histogram.h"
#include "bench/load/movement.h"

namespace tickrelay::bench {

struct StormOptions {
  std::uint32_t rooms = 1, players = 10, rate_hz = 20;
  std::vector<std::string> room_ids{};
  std::int64_t within_ns = 0;    // first attempts are spread evenly over it
  std::int64_t patience_ns = 0;  // who is not back so long after the drop is lost
};

struct StormResult {
  Histogram back{};  // from a client's first attempt to its first frame
  std::uint32_t lost = 0;
  std::uint32_t retries = 0;
  std::uint32_t slots = 0;  // of these: the relay said when to come back
  std::string first_failure{};  // "" where nobody failed
};

// Of a time in which nobody is dropped on purpose.
struct PlayResult {
  Histogram gaps{};  // between a client's frames
  std::uint32_t lost = 0;
};

class Storm final : private ClientEvents {
 public:
  Storm(Endpoint endpoint, StormOptions options);

  // "" when all have their seats, else why not.
  std::string gather(std::int64_t timeout_ns);
  PlayResult play(std::int64_t until_ns);
  StormResult drop_all_and_return();

 private:
  enum class Stage { joining, playing, returning };
  struct Returning {
    std::int64_t try_at_ns = INT64_MAX;
    std::int64_t first_try_ns = 0;
    int tries = 0;
    bool waiting = false;  // for a frame or a next try
  };

  void on_seated(Client& client, std::int64_t now_ns) override;
  void on_frame(Client& client, const FrameFacts& frame, std::int64_t now_ns) override;
  void on_closed(Client& client, int code, const std::string& reason) override;
  void step();
  void start_due_attempts(std::int64_t now_ns);
  void give_up(std::uint32_t number, const std::string& reason);

  StormOptions options_;
  Crowd crowd_;
  Gathering gathering_;
  Movement movement_;
  Stage stage_ = Stage::joining;
  std::vector<Returning> returning_;  // by client
  std::uint32_t away_ = 0;
  std::int64_t next_sweep_ns_ = 0;
  StormResult result_;
  PlayResult play_;
  std::vector<std::int64_t> frame_ns_;  // by client: its last, 0: none in this play
};

}  // namespace tickrelay::bench
