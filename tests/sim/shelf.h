// Where workers keep their rooms by themselves. Owner: the simulation.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "door.h"
#include "relay/core/checkpoint.h"
#include "simulation.h"

namespace tickrelay::sim {

// A store: what workers give it is durable some time later, all of it at once, or never where the relay dies before.
struct Simulation::Shelf final : Keeper {
  Shelf(Simulation& simulation, Random random) : simulation(simulation), random(random) {}

  void keep(RoomRecord& record, std::uint32_t term, std::span<const std::byte> bytes, bool, Then then) override {
    const Worker::Place& place = simulation.place_of(record);
    const std::int64_t now_ns = simulation.now_ns_;
    Given& given = last[record.id];
    const std::uint64_t mark = CheckpointWriter::mark(*place.room), logic = CheckpointWriter::logic_mark(*place.room);
    if (given.term == term) {
      SIM_REQUIRE(given.mark != mark || given.logic != logic, "an unchanged room is kept again");
      // By the ticks' due times: the worker may have been late with the one before.
      SIM_REQUIRE(given.tick + 1 + place.room->settings().tick_rate * simulation.keep_interval_ns_ / second <
                          place.room->tick() + 3,
                  "a room is kept more often than every interval");
    }
    given = {term, place.room->tick(), mark, logic};
    Write& write = waiting[record.id];
    write.saved = {{bytes.begin(), bytes.end()}, now_ns, term, place.room->tick(), simulation.truth_.of(record.id).said, record.logic, 0};
    if (then) write.answers.push_back(std::move(then));
    simulation.tally_.count(Fault::kept_by_itself);
  }
  void ended(RoomRecord& record) override { waiting.erase(record.id); }
  void set_aside(RoomRecord&, std::string_view) override {}

  // Newer bytes of a room take the place of those that wait; a disk that is full makes all wait.
  void step(std::int64_t now_ns) {
    if (now_ns < next_commit_ns) return;
    next_commit_ns = now_ns + random.between(10 * ms, random.chance(0.05) ? 2500 * ms : 400 * ms);
    for (auto& [id, write] : waiting) {
      simulation.keep_saved(id, write.saved);
      for (const Then& then : write.answers) then(true);
    }
    waiting.clear();
  }

  struct Given {
    std::uint32_t term = 0;
    Tick tick = 0;
    std::uint64_t mark = 0, logic = 0;
  };
  struct Write {
    Saved saved;
    std::vector<Then> answers;
  };
  Simulation& simulation;
  Random random;
  std::map<std::string, Given> last;
  std::map<std::string, Write> waiting;
  std::int64_t next_commit_ns = 0;
};

}  // namespace tickrelay::sim
