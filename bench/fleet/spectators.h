#pragma once
// Who watches a room at one node: joins as the relay lets them, counts frames and bytes; one in so many decodes, and knows by the players'
// values how old what it sees is. A thread of its own from construction to stop(), behind all others at the processors: measured are the
// room's players.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/fleet/sent_board.h"
#include "bench/load/crowd.h"
#include "bench/load/histogram.h"

namespace tickrelay::bench {

struct SpectatorsOptions {
  std::string room_id{}, name{};  // name: begins their player ids
  std::uint32_t count = 0, decode_one_in = 16;
};

// Of the window.
struct Seen {
  std::uint32_t here = 0;     // at its end
  std::uint32_t rate_hz = 0;  // of their frames, as Welcome says
  std::uint64_t frames = 0, bytes = 0;
  std::uint32_t frames_least = 0;  // of one of them
  Histogram latency{};             // from when a player meant to set a value to its arrival
  Histogram state_age{};           // of a decoder at any moment: now minus when its newest value was meant
  std::uint64_t values_matched = 0, values_unknown = 0;
  Histogram look_lateness{};       // of the thread at its sockets
  std::int64_t cpu_ns = 0;         // of the thread
  std::uint64_t return_slots = 0;  // since construction, as the errors: the relay said when to come
  std::map<std::string, std::uint64_t> errors{};
};

class Spectators final : private ClientEvents {
 public:
  // sent must outlive it.
  Spectators(Endpoint endpoint, SpectatorsOptions options, const SentBoard& sent);
  ~Spectators() override { stop(); }
  Spectators(const Spectators&) = delete;
  Spectators& operator=(const Spectators&) = delete;

  std::uint32_t here() const { return here_; }
  // What comes from then until then counts. Once; does not wait.
  void open(std::int64_t begin_ns, std::int64_t end_ns);
  // They leave. What they saw.
  const Seen& stop();

  const SpectatorsOptions& options() const { return options_; }

 private:
  struct Value {
    std::uint32_t entity;
    std::int64_t intended_ns;
  };
  struct Place {
    bool coming = false;
    std::uint32_t frames = 0;
    std::int64_t newest_ns = 0;    // when the newest value that it has was meant; 0: it has none
    std::vector<Value> values{};  // a decoder's, by entity in no order
  };

  void on_seated(Client& client, std::int64_t now_ns) override;
  void on_frame(Client& client, const FrameFacts& frame, std::int64_t now_ns) override;
  void on_lost(Client&, std::int64_t) override { ++seen_.errors["copy lost: it asks for the whole"]; }
  void on_closed(Client& client, int code, const std::string& reason) override;

  void run();
  void invite(std::int64_t now_ns);
  void join(std::uint32_t number, std::int64_t now_ns);
  void match_values(const Client& client, Place& place, std::int64_t now_ns);
  void sample_ages(std::int64_t now_ns);
  void note_window(std::int64_t now_ns);
  void leave();
  bool inside(std::int64_t when_ns) const { return begin_ns_ <= when_ns && when_ns < end_ns_; }
  std::uint64_t bytes_received() const;

  // Of both threads.
  std::atomic<std::uint32_t> here_{0};
  std::atomic<bool> leaving_{false};
  std::atomic<std::int64_t> begin_ns_{INT64_MAX}, end_ns_{INT64_MAX};

  // Of its own thread.
  const SpectatorsOptions options_;
  const SentBoard& sent_;
  Crowd crowd_;
  std::vector<Place> places_;  // by client
  using Due = std::pair<std::int64_t, std::uint32_t>;  // when, who
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint32_t under_way_ = 0;
  enum class Window { ahead, open, over } window_ = Window::ahead;
  Seen seen_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace tickrelay::bench
