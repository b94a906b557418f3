// Who may come in, over the real lobby; and who hears what happens in rooms.
#pragma once

#include <map>

#include "relay/run/gate.h"
#include "simulation.h"

namespace tickrelay::sim {

// Writes, speaks, answers, kicks and fails, by chance.
class ChanceLogic final : public Logic {
 public:
  using Burn = std::function<void(const Room&, std::uint32_t passed)>;
  ChanceLogic(std::uint64_t seed, bool fails, Burn burn) : random_(seed), fails_(fails), burn_(std::move(burn)) {}
  void on_open(Room& room, const Seat& seat) override;
  void on_message(Room& room, const Seat& seat, const LogicMessage& message) override;
  void on_close(Room& room, const Seat& seat, std::string_view reason) override;
  void on_error(Room& room, const Seat& seat, std::string_view reason) override;
  void on_tick(Room& room, std::uint32_t passed) override;
  std::vector<std::byte> save(const Room& room) override;
  void restore(Room& room, std::span<const std::byte> saved) override;

 private:
  Random random_;
  bool fails_;
  Burn burn_;  // time
};

struct Simulation::Door final : Gate {
  Door(Lobby& lobby, const std::vector<RoomSettings>& types, Random random)
      : lobby(lobby), types(types), random(random) {}
  std::variant<Pass, Drop> admit(const JoinRequest& join, std::int64_t now_ns) override;
  std::vector<RoomListing> list(const ListRequest& request) override;
  Pass pass(const JoinRequest& join, RoomRecordPointer room, bool reserved);
  RoomRecordPointer create(const std::string& type, std::int64_t now_ns);

  Lobby& lobby;
  const std::vector<RoomSettings>& types;
  Random random;
  double logic_fails = 0;  // how many logics throw
  ChanceLogic::Burn burn;
};

// A room as a store has it.
struct Saved {
  std::vector<std::byte> bytes;
  std::int64_t at_ns = 0;
  std::uint32_t term = 0;
  Tick tick = 0;
  Said said;
  LogicFactory logic;
  std::uint32_t restores = 0;  // from these bytes
};

struct Simulation::Listener final : Journal {
  explicit Listener(Truth& truth, Tally& tally) : truth(truth), tally(tally) {}
  void room_spawned(const Room& room) override;
  void room_restored(const Room& room) override;
  void room_closed(const Room& room, std::string_view reason) override;
  void player(std::string_view what, const Room& room, const Seat& seat, std::string_view reason) override;
  void message(const Room& room, PlayerNumber from, const Event& event) override {
    truth.note_message(room, from, event);
  }

  void room_slowed(const Room& room, double send_hz, double tick_hz) override;
  void room_full_rate(const Room& room) override;
  [[nodiscard]] std::size_t slowed() const { return slow.size(); }
  void bound(const Room& room) const;

  Truth& truth;
  Tally& tally;
  std::map<std::string, Saved> saved;  // the newest of each room
  std::set<std::string> burned;        // rooms whose logic took long
  std::set<std::string> slow;          // told so
  std::size_t tombstones_max = 0;      // 0: as in production
  std::size_t events_max = 0;
};

}  // namespace tickrelay::sim
