// What bounds everything. Configuration chooses below these; memory follows use.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tickrelay::limits {

inline constexpr std::size_t message_bytes_max = 64 * 1024;  // one message to the relay
inline constexpr std::size_t actions_max = 64;               // in one message
inline constexpr std::size_t input_bytes_max = 1024;
inline constexpr std::size_t payload_bytes_max = 16 * 1024;  // of a message
inline constexpr std::size_t text_bytes_max = 4 * 1024;      // options, metadata
inline constexpr std::size_t name_bytes_max = 64;            // player_id, room_id, type
inline constexpr std::size_t ticket_bytes_max = 4 * 1024;
inline constexpr std::size_t session_bytes_max = 1024;       // a session token
inline constexpr std::size_t session_options_max = 256;      // options that are made again after a crash
inline constexpr std::size_t spent_tickets_max = 16'384;     // single-use tickets that a room remembers
inline constexpr std::size_t audience_max = 256;             // players a message may name

inline constexpr std::size_t entities_max = 16'384;  // a room's
inline constexpr std::size_t components_max = 64;
inline constexpr std::size_t fields_max = 64;         // a component's: one bit each in a mask
inline constexpr std::size_t component_bytes_max = 1024;
inline constexpr std::size_t opaque_bytes_max = 16 * 1024;
inline constexpr std::size_t schema_bytes_max = 256 * 1024;
inline constexpr std::size_t tombstones_max = 4'096;  // below their floor a frame lists who is alive

inline constexpr std::size_t players_max = 4'096;    // seats of a room
inline constexpr std::uint32_t ids_per_block = 4'096;  // entity ids granted to a seat at once; the next when it spawned half as many,
inline constexpr std::uint32_t ids_pace_ms = 1'000;    // ... so long after the last one at the earliest, or
inline constexpr std::uint32_t ids_leap_ms = 10'000;   // ... leapt over half of them, so long after

inline constexpr std::size_t events_max = 1'024;  // held for those behind
inline constexpr std::size_t event_bytes_max = 256 * 1024;
inline constexpr std::size_t frame_event_bytes_max = 8 * 1024;
inline constexpr std::size_t direct_max = 128;  // held per seat
inline constexpr std::size_t direct_bytes_max = 64 * 1024;
// An authority hears everyone: of each player it holds that much, of all together this.
inline constexpr std::size_t sender_direct_max = 128;
inline constexpr std::size_t sender_direct_bytes_max = 32 * 1024;
inline constexpr std::size_t authority_direct_max = 32 * 1024;
inline constexpr std::size_t authority_direct_bytes_max = 4 * 1024 * 1024;
inline constexpr std::size_t authority_frame_event_bytes_max = 256 * 1024;

// What a room gives out in a stretch of ticks is bounded, so that a restore can raise its numbers past it (rule 10). Far above the
// rings: whoever is refused here would have pushed out what nobody was sent yet.
inline constexpr std::uint32_t events_per_tick_max = 4 * events_max;  // messages to all
inline constexpr std::uint32_t direct_per_tick_max = 8 * direct_max;  // to one seat,
inline constexpr std::uint32_t authority_per_tick_max = 2 * players_max;  // ... and to an authority's
inline constexpr std::uint32_t blocks_burst_max = players_max + 64;   // blocks of ids at once: each seat takes one when it comes,
inline constexpr std::uint32_t blocks_per_tick = 4;                   // so these bound seats, too
inline constexpr std::uint32_t lost_ticks_max = 60 * 240;             // from a checkpoint to the end of those who lived on after it
inline constexpr std::uint32_t lost_terms_max = 16;
inline constexpr std::size_t term_starts_max = 64;                    // older terms are forgotten: their bases count as 0
inline constexpr std::size_t logic_bytes_max = 256 * 1024;            // of a logic's own in a checkpoint
inline constexpr std::size_t checkpoint_bytes_max = 1U << 30;

inline constexpr std::size_t frames_per_tick_max = 4;
inline constexpr std::uint32_t tick_rate_max = 240;
inline constexpr std::uint32_t key_tick_ms = 1'000;         // codec packed: a stream starts anew at least this often,
inline constexpr std::uint32_t key_tick_demand_ms = 250;   // ... for those who wait to join it, and
inline constexpr std::uint32_t resync_ms = 1'000;          // a player may ask for the whole this often
inline constexpr std::uint32_t idle_frame_ms = 250;  // an unchanged room still says so this often

inline constexpr std::uint32_t rewind_ms_max = 2'000;  // how far back a room may be looked at,
inline constexpr std::size_t rewind_bytes_max = 16 * 1024 * 1024;  // ... and what that may take

inline constexpr std::uint32_t ack_interval_ms = 100;
inline constexpr std::uint32_t spectator_ack_interval_ms = 500;
inline constexpr std::uint32_t spectator_delay_ms_max = 600'000;
inline constexpr std::uint32_t window_slack_ms = 150;        // unacknowledged time beyond the round trip
inline constexpr std::uint32_t acknowledge_timeout_ms = 10'000;
inline constexpr std::uint32_t blocked_timeout_ms = 60'000;  // a socket that takes nothing
inline constexpr std::uint32_t prompt_yours_ms = 100;        // applied_seq alone is told at most this often
inline constexpr std::size_t in_flight_max = 24;             // frames a line remembers for the window

inline constexpr std::size_t seat_inflight_max = 64;     // messages of a seat in its worker's inbox
inline constexpr std::size_t room_batches_max = 4;       // a room's batches that a loop has not sent yet
inline constexpr std::uint32_t shield_offset_ms = 4;     // from a frame to its copy: what loses the one has passed by then
inline constexpr std::uint32_t join_timeout_ms = 5'000;
inline constexpr std::uint32_t drain_interval_ms = 50;   // a worker empties its inbox at least this often

static_assert(payload_bytes_max < message_bytes_max && input_bytes_max < message_bytes_max);
static_assert(opaque_bytes_max < message_bytes_max);
static_assert(fields_max <= 64, "a field is a bit of a 64-bit mask");
static_assert(payload_bytes_max * 2 <= direct_bytes_max, "a seat's largest message must fit its ring");
static_assert(payload_bytes_max * 2 <= event_bytes_max && payload_bytes_max * 2 <= sender_direct_bytes_max);
static_assert(sender_direct_bytes_max * 128 <= authority_direct_bytes_max && sender_direct_max * 128 <= authority_direct_max,
              "128 players at their most push out nobody's");
static_assert(frames_per_tick_max >= 3, "the stream's, the highest and the lowest base");
static_assert(in_flight_max >= 4);
static_assert(lost_ticks_max >= 60 * tick_rate_max, "a minute without a checkpoint");
static_assert(events_per_tick_max >= events_max && direct_per_tick_max >= direct_max, "no ring is cut short");
static_assert(blocks_burst_max >= players_max, "everyone may come at once");

}  // namespace tickrelay::limits
