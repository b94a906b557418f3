#pragma once
// What the micro benchmarks play with: rooms of bench.fbs in which everybody moves.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bench/load/messages.h"
#include "bench/load/walk.h"
#include "relay/core/room.h"

namespace tickrelay::bench {

// Read from bench.fbs once.
LayoutPointer stage_layout();
ComponentIndex stage_component();

// A world of so many entities with a Transform each, walking.
class WalkingWorld {
 public:
  explicit WalkingWorld(std::size_t entities);

  // Moves the first so many by a step, at the next tick.
  void step(std::size_t moving);
  const World& world() const { return world_; }
  Tick tick() const { return tick_; }

 private:
  World world_;
  std::vector<Field> fields_;
  std::vector<Walk> walks_;
  Tick tick_ = 1;
};

// A room with so many seats, whose players each send an Update with one Set a tick.
class WalkingRoom final : private RoomObserver {
 public:
  explicit WalkingRoom(std::size_t seats);

  // The bytes of each player's next Update, 8-byte aligned as decode() wants them.
  void write_updates();
  std::size_t seats() const { return players_.size(); }
  std::span<const std::byte> update(std::size_t player) const { return players_[player].message; }
  // Decodes and applies each player's Update.
  void apply_updates();
  Room& room() { return room_; }

 private:
  struct Player {
    PlayerNumber number;
    Walk walk;
    std::uint32_t seq = 0;
    std::vector<std::uint64_t> storage{};
    std::span<const std::byte> message{};
  };

  void seat_taken(const Room&, const Seat&) override {}
  void seat_dropped(const Room&, const Seat&) override {}
  void seat_resumed(const Room&, const Seat&) override {}
  void seat_ended(const Room&, const Seat&, CloseCode, std::string_view) override {}
  void message(const Room&, PlayerNumber, const Event&) override {}

  Room room_;
  std::vector<Field> fields_;
  std::vector<Player> players_;
  MessageWriter writer_;
};

}  // namespace tickrelay::bench
