#pragma once
// The load, the same for every peer: rooms of players, each sending where it is once per tick at a phase of its own,
// whatever the server does (open loop). One thread; reads and writes happen at a grain of half a millisecond, so that a
// busy generator makes few system calls.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/schedule.h"
#include "bench/load/walk.h"
#include "bench/peers/dialect.h"
#include "bench/peers/meter.h"
#include "bench/peers/peer.h"
#include "bench/peers/relay_player.h"

namespace tickrelay::bench {

struct PeerLoadOptions {
  std::uint32_t rooms = 1, players = 10, rate_hz = 20;
  std::uint32_t decode_one_in = 16;
  std::uint32_t slow_one_in = 0;  // 0: none; they decode too
  std::int64_t slow_bytes_per_s = 8'000;
  int slow_receive_buffer_bytes = 16'384;
};

// How players came back after their connections were lost all at once.
struct Returned {
  std::uint32_t dropped = 0, back = 0;
  std::uint32_t in_their_seats = 0;  // with the entity they had
  Histogram until_frame;             // from the attempt to the first state frame
};

class PeerLoad final : private PlayerEvents {
 public:
  PeerLoad(const Peer& peer, const Endpoint& endpoint, PeerLoadOptions options);
  ~PeerLoad() override;

  // All take their seats. Throws std::runtime_error with why not.
  void gather(std::int64_t timeout_ns);
  void play(std::int64_t until_ns);
  void open(std::int64_t begin_ns, std::int64_t end_ns) { meter_.open(begin_ns, end_ns, watched_); }
  void close() { meter_.close(watched_); }
  // Drops the first player of every room without a word, and plays on until all are back or the time is over.
  Returned drop_and_return(std::int64_t patience_ns);

  const Metered& metered() const { return meter_.metered(); }
  // What the kernel still holds for slow players, on the server's side.
  std::int64_t slow_unsent_bytes(int server_port) const;

 private:
  void on_seated(Player& player) override;
  void on_value(Player& player, std::uint32_t entity, const Placement& placement) override;
  void on_frame(Player& player) override;
  void on_closed(Player& player, const std::string& reason) override;

  void add_player(const Peer& peer, std::uint32_t number);
  void invite();
  bool watch_new(Player& player, bool started);
  void watch(Player& player);
  void poll(std::int64_t timeout_ns);
  void sweep(std::int64_t now_ns);
  void move_all(std::int64_t now_ns);

  PeerLoadOptions options_;
  Endpoint endpoint_;
  int epoll_;
  RelayEvents relay_events_;
  ClientCommons commons_;
  std::vector<std::unique_ptr<Player>> players_;
  std::vector<const Player*> watched_;  // the same, to look at
  std::vector<Player*> slow_;
  Schedule schedule_;
  std::vector<Walk> walks_;
  Meter meter_;
  std::vector<std::string> rooms_;
  std::deque<std::uint32_t> waiting_;  // players that have no seat yet and may take one
  std::uint32_t under_way_ = 0, seated_ = 0;
  std::string failure_;
  bool gathered_ = false, started_ = false;
  std::int64_t next_sweep_ns_ = 0, sweeps_ = 0;
  std::vector<std::int64_t> returns_ns_;  // by player: when it set out to come back; 0: it did not or is back
  Returned returned_;
  std::vector<std::uint32_t> entities_;  // by player, of the first seat
};

}  // namespace tickrelay::bench
