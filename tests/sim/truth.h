// What really is in each room, read from the relay after every step, to hold clients against.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "faults.h"
#include "relay/run/worker.h"
#include "view.h"

namespace tickrelay::sim {

// Of one value of one entity; a world's hash is the sum over all.
std::uint64_t value_hash(EntityId entity, std::size_t component, std::span<const std::byte> value);
std::uint64_t world_hash(const World& world);
std::uint64_t event_hash(EventKind kind, PlayerNumber player, std::string_view type, std::span<const std::byte> data,
                         std::uint32_t request, std::uint32_t seq, bool skip_sender);

// Numbered messages, as pushed. What fell out of a ring before it was read has no hash.
class Record {
 public:
  void read(const EventLog& log, const std::function<void(const Event&)>& each = {});
  [[nodiscard]] EventNumber last() const { return last_; }
  [[nodiscard]] std::optional<std::uint64_t> at(EventNumber number) const;
  // Whether a restore skipped numbers between these.
  [[nodiscard]] bool skipped(EventNumber after, EventNumber before) const;
  // Of the first `known` restores that skipped some: how many numbers above `after` and up to `last` were nobody's.
  [[nodiscard]] std::size_t leaps() const { return leaps_.size(); }
  [[nodiscard]] EventNumber leapt(EventNumber after, EventNumber last, std::size_t known) const;

 private:
  EventNumber last_ = 0;
  std::unordered_map<EventNumber, std::uint64_t> hashes_;
  std::vector<std::pair<EventNumber, EventNumber>> gaps_;  // after, last
  std::vector<std::pair<EventNumber, EventNumber>> leaps_;  // those of them that were never given out in this timeline
};

// A room's life under one owner.
struct Term {
  std::uint32_t parent = 0;  // whose checkpoint it went on from, at this tick
  Tick start = 0;
  bool lost = false;                                  // something, at its start
  std::unordered_map<Tick, std::uint64_t> worlds;     // by send tick
  std::unordered_map<Tick, std::shared_ptr<const Snapshot>> views;  // of a room with views
  std::unordered_map<Tick, std::vector<Tick>> bases;  // of frames that arrived anywhere
  std::unordered_map<Tick, std::size_t> ticks_at;     // how many ticks the room stood at this send tick
  Tick newest = 0;
};

using Said = std::map<PlayerNumber, std::vector<std::uint32_t>>;

struct RoomTruth {
  std::string id;
  const Room* room = nullptr;  // while it lives
  std::map<std::uint32_t, Term> terms;
  Record events;
  std::map<PlayerNumber, Record> direct;
  Said said;                      // by player: numbers inside its messages to all, in order
  std::map<PlayerNumber, std::pair<std::uint32_t, std::string>> seated;  // in which term it last joined, and who
  struct Birth {
    PlayerNumber owner;
    std::uint32_t term;  // in which it was seen last
  };
  std::unordered_map<EntityId, Birth> born;
  std::map<PlayerNumber, std::set<std::uint32_t>> failed;  // seqs of actions that were refused
  std::map<std::string, std::uint32_t> taken;  // tickets for one seat, in which term
  struct Spoken {
    std::uint32_t term = 0;
    double paid = 0;  // as ticks
  };
  std::map<PlayerNumber, Spoken> spoken;
  bool threw = false;    // its logic
  bool may_end = false;  // closed by an operator, or a logic that does as it likes
  std::set<PlayerNumber> kicked;

  // Whether a copy of this base is one of the room's present past.
  [[nodiscard]] bool descends_from(Base base, std::uint32_t term) const;
};

class Truth {
 public:
  // After each step of a worker. `said`: the number in a message that the simulator made, 0 elsewhere.
  void read(const Worker& worker);
  void note_message(const Room& room, PlayerNumber from, const Event& event);
  void note_closed(const Room& room);
  // Its term is known already.
  void note_restored(const Room& room);
  void note_crash();
  [[nodiscard]] RoomTruth& of(const std::string& id) { return rooms_[id]; }
  [[nodiscard]] std::map<std::string, RoomTruth>& rooms() { return rooms_; }
  std::uint64_t ticks = 0;
  std::map<std::string, std::uint64_t> failures;  // refused actions by reason, of this relay

 private:
  void pay(const Room& room, PlayerNumber from);
  void read_entities(RoomTruth& truth, const Room& room);

  std::map<std::string, RoomTruth> rooms_;
  std::unordered_map<const Room*, Tick> ticked_;
};

}  // namespace tickrelay::sim
