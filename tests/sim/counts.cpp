// What the relay counts is what its clients got; and what it holds is bounded by who is there.

#include <algorithm>
#include <set>

#include "door.h"
#include "memory.h"

namespace tickrelay::sim {

namespace {

constexpr std::int64_t kib = 1024;
// With room to spare above what seeds show.
constexpr std::int64_t bytes_base = 4096 * kib, bytes_of_room = 6144 * kib, bytes_of_thing = 4096 * kib, bytes_of_seat = 256 * kib;
constexpr std::int64_t pieces_base = 8'000, pieces_of_room = 3'000, pieces_of_thing = 500, pieces_of_seat = 400;

// Of these a connection hears only instead of being let in.
const std::set<std::string> refusals = {"overloaded", "protocol_error", "forbidden", "room_not_found", "unknown_type", "join_timeout", "room_closed",
                                        "session_unknown", "room_locked", "rate_limit", "room_full", "kicked", "banned", "logic_failed"};

std::map<std::string, std::uint64_t> by_label(std::span<const std::uint64_t> counts) {
  std::map<std::string, std::uint64_t> labelled;
  for (std::size_t i = 0; i < counts.size(); ++i) labelled[std::string(reason_label(i))] = counts[i];
  return labelled;
}

std::uint64_t of(const std::map<std::string, std::uint64_t>& counts, const std::string& reason) {
  const auto it = counts.find(reason);
  return it == counts.end() ? 0 : it->second;
}

bool is_fault(const std::string& reason) { return reason.starts_with("ticket_"); }

}  // namespace

void Simulation::check_counts() {
  entrance_->check_counts();
  StatsTotals loops, workers;
  std::map<std::string, std::uint64_t> turned_away;
  std::uint64_t ended = 2 * players_.size();  // on their way
  for (const auto& side : loops_) {
    StatsTotals of_loop;
    of_loop.add(side->stats);
    const Closes& closes = side->sockets->closes();
    for (const auto& [reason, count] : by_label(of_loop.closed))
      SIM_REQUIRE(reason == "connection_lost" || count == of(closes.all, reason), "closes are counted otherwise: " + reason);
    for (const auto& [reason, count] : closes.turned_away) turned_away[reason] += count, ended += count;
    for (const auto& [reason, count] : closes.later) ended += count;
    ended += closes.gone;
    loops.add(side->stats);
  }
  for (const auto& side : workers_) workers.add(side->stats);
  const auto by_loops = by_label(loops.refused), by_workers = by_label(workers.refused);
  std::uint64_t faults = 0;
  for (const auto& [reason, count] : by_loops) {
    if (is_fault(reason)) faults += count;
    else if (reason != label(CloseCode::bad_ticket)) SIM_REQUIRE(count == entrance_->told(reason), "what loops refuse is counted otherwise: " + reason);
  }
  SIM_REQUIRE(faults == entrance_->told("bad_ticket"), "what loops refuse is counted otherwise: bad_ticket");
  for (const auto& [reason, count] : turned_away)
    SIM_REQUIRE((!refusals.contains(reason) && !is_fault(reason)) || count <= of(by_loops, reason) + of(by_workers, reason),
                "somebody was refused and not counted: " + reason);
  std::uint64_t refused = 0, actions = 0, asked = 0;
  for (const auto& [reason, count] : by_loops) refused += count;
  for (const auto& [reason, count] : by_workers) (refusals.contains(reason) || is_fault(reason) ? refused : actions) += count;
  SIM_REQUIRE(refused <= ended, "more refusals are counted than there were");
  for (const auto& [reason, count] : truth_.failures) SIM_REQUIRE(count <= of(by_workers, reason), "an action was refused and not counted: " + reason);
  for (auto kind = ReceivedKind::set; kind <= ReceivedKind::answer; kind = static_cast<ReceivedKind>(static_cast<int>(kind) + 1))
    asked += loops.messages_received[static_cast<std::size_t>(kind)];
  SIM_REQUIRE(actions <= asked, "more actions are refused than there were");
}

// Rings and frames by room; in rooms with views a copy by chunk, of which there are no more than things; what is read and not yet applied by
// seat. What is pooled stays with the relay: the most that there were count.
void Simulation::check_memory() {
  std::int64_t rooms = 0, things = 0, seats = static_cast<std::int64_t>(players_.size());
  for (const auto& side : workers_)
    for (const auto& place : side->worker->places()) {
      if (!place->room) continue;
      ++rooms;
      if (place->room->settings().views) things += static_cast<std::int64_t>(place->room->world().size());
      seats += static_cast<std::int64_t>(place->room->seats().size());
    }
  rooms = rooms_most_ = std::max(rooms, rooms_most_);
  things = things_most_ = std::max(things, things_most_);
  seats = seats_most_ = std::max(seats, seats_most_);
  const std::int64_t bytes = bytes_base + bytes_of_room * rooms + bytes_of_thing * things + bytes_of_seat * seats;
  const std::int64_t pieces = pieces_base + pieces_of_room * rooms + pieces_of_thing * things + pieces_of_seat * seats;
  tally_.bytes_share = std::max(tally_.bytes_share, static_cast<double>(Memory::live_bytes) / static_cast<double>(bytes));
  tally_.pieces_share = std::max(tally_.pieces_share, static_cast<double>(Memory::live_pieces) / static_cast<double>(pieces));
  const std::string there = " for " + std::to_string(rooms) + " rooms and " + std::to_string(seats) + " seats";
  SIM_REQUIRE(Memory::live_bytes <= bytes, "the relay holds " + std::to_string(Memory::live_bytes / kib) + " KiB" + there);
  SIM_REQUIRE(Memory::live_pieces <= pieces, "the relay holds " + std::to_string(Memory::live_pieces) + " pieces of memory" + there);
}

}  // namespace tickrelay::sim
