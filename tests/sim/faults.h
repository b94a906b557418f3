// What goes wrong on purpose, counted: a fault that never happens tests nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tickrelay::sim {

enum class Fault : std::uint8_t {
  slow_line,
  partial_write,
  refused_write,
  stalled_socket,
  slow_reader,
  silent_reader,
  reset,
  half_dead,
  resume,
  takeover,
  leave,
  kick,
  loop_stall,
  worker_stall,
  clock_jump,
  late_tick,
  flood,
  hostile_bytes,
  hostile_action,
  hostile_acknowledgement,
  small_tombstones,
  small_events,
  events_lost,
  leap,
  direct_lost,
  join_refused,
  room_full,
  logic_failed,
  room_ended,
  lists_alive,
  catch_up,
  shared_base,
  resync,
  early_close,
  expired_seat,
  not_acknowledged,
  packed_stream,
  key_tick,
  asked_resync,
  paced,
  crash,
  rolled_back,
  kept_over_a_crash,
  lost_again,
  kept_by_itself,
  hand_over,
  kept_over_a_hand_over,
  burn,
  sends_slowed,
  ticks_slowed,
  full_rate_again,
  in_part,
  lists_chunks,
  shown,
  copy_applied,
  copied_catch_up,
  copy_first,
  yours_passed,
  shield_lost,
  shield_replaced,
  seat_made_again,
  proxied,
  no_proxy_header,
  connections_full,
  address_connections,
  address_rate,
  joins_paced,
  throttled,
  mute,
  banned,
  banned_address,
  wall_jump,
  ticket_taken,
  ticket_refused,
  ticket_spent,
  session_forged,
  rooms_full,
  too_many_entities,
  too_many_messages,
  logic_threw_anything,
  logic_unmade,
  no_memory,
  count
};

inline constexpr std::array fault_names = {
    "slow_line",
    "partial_write",
    "refused_write",
    "stalled_socket",
    "slow_reader",
    "silent_reader",
    "reset",
    "half_dead",
    "resume",
    "takeover",
    "leave",
    "kick",
    "loop_stall",
    "worker_stall",
    "clock_jump",
    "late_tick",
    "flood",
    "hostile_bytes",
    "hostile_action",
    "hostile_acknowledgement",
    "small_tombstones",
    "small_events",
    "events_lost",
    "leap",
    "direct_lost",
    "join_refused",
    "room_full",
    "logic_failed",
    "room_ended",
    "lists_alive",
    "catch_up",
    "shared_base",
    "resync",
    "early_close",
    "expired_seat",
    "not_acknowledged",
    "packed_stream",
    "key_tick",
    "asked_resync",
    "paced",
    "crash",
    "rolled_back",
    "kept_over_a_crash",
    "lost_again",
    "kept_by_itself",
    "hand_over",
    "kept_over_a_hand_over",
    "burn",
    "sends_slowed",
    "ticks_slowed",
    "full_rate_again",
    "in_part",
    "lists_chunks",
    "shown",
    "copy_applied",
    "copied_catch_up",
    "copy_first",
    "yours_passed",
    "shield_lost",
    "shield_replaced",
    "seat_made_again",
    "proxied",
    "no_proxy_header",
    "connections_full",
    "address_connections",
    "address_rate",
    "joins_paced",
    "throttled",
    "mute",
    "banned",
    "banned_address",
    "wall_jump",
    "ticket_taken",
    "ticket_refused",
    "ticket_spent",
    "session_forged",
    "rooms_full",
    "too_many_entities",
    "too_many_messages",
    "logic_threw_anything",
    "logic_unmade",
    "no_memory",
};
static_assert(fault_names.size() == static_cast<std::size_t>(Fault::count));

struct Tally {
  std::array<std::uint64_t, fault_names.size()> faults{};
  std::uint64_t ticks = 0;
  std::uint64_t frames_applied = 0;
  std::uint64_t events_delivered = 0;
  std::uint64_t actions_confirmed = 0;
  std::uint64_t players = 0;
  double bytes_share = 0, pieces_share = 0;  // of what the relay may hold, at most

  void count(Fault fault) { ++faults[static_cast<std::size_t>(fault)]; }
  void add(const Tally& other) {
    for (std::size_t i = 0; i < faults.size(); ++i) faults[i] += other.faults[i];
    ticks += other.ticks;
    frames_applied += other.frames_applied;
    events_delivered += other.events_delivered;
    actions_confirmed += other.actions_confirmed;
    players += other.players;
    bytes_share = std::max(bytes_share, other.bytes_share);
    pieces_share = std::max(pieces_share, other.pieces_share);
  }
};

// A broken rule. Ends the run of its seed.
struct Broken : std::runtime_error {
  explicit Broken(const std::string& what) : std::runtime_error(what) {
    if (first.empty()) first = what;
  }
  static inline std::string first;  // of this seed: the relay takes what is thrown in a callback of its own for a logic's fault
};

#define SIM_REQUIRE(condition, text) \
  ((condition) ? static_cast<void>(0) : throw ::tickrelay::sim::Broken(std::string(text) + " [" #condition "]"))

}  // namespace tickrelay::sim
