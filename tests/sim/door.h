// Who may come in, over the real lobby; and who hears what happens in rooms.
#pragma once

#include <map>

#include "relay/reception.h"
#include "memory.h"
#include "simulation.h"

namespace tickrelay::sim {

// Writes, speaks, answers, kicks and fails, by chance.
class ChanceLogic final : public Logic {
 public:
  struct Effects {
    std::function<void(const Room&)> burn;   // time
    std::function<void(const Room&)> throws;
  };
  ChanceLogic(std::uint64_t seed, bool fails, std::shared_ptr<const Effects> effects) : random_(seed), fails_(fails), effects_(std::move(effects)) {}
  void on_open(Room& room, const Seat& seat) override;
  void on_message(Room& room, const Seat& seat, const LogicMessage& message) override;
  void on_close(Room& room, const Seat& seat, std::string_view reason) override;
  void on_error(Room& room, const Seat& seat, std::string_view reason) override;
  void on_tick(Room& room, std::uint32_t passed) override;
  std::vector<std::byte> save(const Room& room) override;
  void restore(Room& room, std::span<const std::byte> saved) override;

 private:
  [[noreturn]] void fail(const Room& room, const char* where);

  Random random_;
  bool fails_;
  std::shared_ptr<const Effects> effects_;
};

// The real reception, and what it must say.
struct Simulation::Door final : Gate {
  explicit Door(Simulation& simulation);
  Verdict admit(const JoinRequest& join, std::int64_t now_ns) override;
  Lobby::Found list(const ListRequest& request) override { return reception.list(request); }
  // Of this type, for whoever has a ticket; made where there is none. Empty: there may be no further one.
  std::string room_for(const std::string& type);

  Simulation& simulation;
  Random random;
  double logic_fails = 0.5;  // how many logics throw
  std::shared_ptr<ChanceLogic::Effects> effects = std::make_shared<ChanceLogic::Effects>();  // logics outlive a crash
  Reception reception;

 private:
  LogicFactory logic_of(std::string_view name);
  void check_admitted(const Pass& pass) const;
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
    const Turn simulators(false);
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
