#pragma once
// One player on any server: takes a seat, sends where its entity is, hears of the others. What a protocol looks like is
// the business of those that derive from it. Owned by the Crowd of peers, on the generator's one thread.

#include <cstdint>
#include <string>

#include "bench/load/connection.h"
#include "bench/load/sent_log.h"

namespace tickrelay::bench {

class Player;

// Who wants to know. A player may be dropped but not restarted from within.
class PlayerEvents {
 public:
  virtual ~PlayerEvents() = default;
  virtual void on_seated(Player& player) = 0;
  // Where an entity is, by a state frame; only for players that decode. The frame's on_frame follows.
  virtual void on_value(Player& player, std::uint32_t entity, const Placement& placement) = 0;
  virtual void on_frame(Player& player) = 0;
  virtual void on_closed(Player& player, const std::string& reason) = 0;
};

class Player {
 public:
  struct Traits {
    std::uint32_t number = 0;
    bool decodes = false;
    int receive_buffer_bytes = 0;       // 0: the system's
    std::int64_t read_bytes_per_s = 0;  // 0: as fast as it comes
  };

  explicit Player(Traits traits) : traits_(traits) {}
  virtual ~Player() = default;
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  // "": make a room. False, with errno, where the attempt could not start.
  virtual bool join(const std::string& room) = 0;
  // After a drop, as this server's clients do it: back to the seat where there is such a thing, else a new one.
  virtual bool come_back() = 0;
  virtual void drop() = 0;
  // REQUIRES: seated.
  virtual Connection::Sent move(const Placement& placement) = 0;

  virtual void on_writable() = 0;
  virtual void read() = 0;
  // What time brings, every 10 ms or so.
  virtual void sweep() = 0;

  virtual const Connection& connection() const = 0;
  virtual bool seated() const = 0;
  virtual std::string room() const = 0;
  virtual std::uint32_t entity() const = 0;  // its own
  virtual std::uint64_t bytes_received() const = 0;

  const Traits& traits() const { return traits_; }
  bool slow() const { return traits_.read_bytes_per_s > 0; }

  std::uint32_t watched = 0;  // the crowd's note: what epoll was asked for

 private:
  Traits traits_;
};

}  // namespace tickrelay::bench
