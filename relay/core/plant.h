// Rules broken on purpose, one at a time: a simulator that does not find a planted bug proves nothing.
// Only the simulator's own build of these sources has them (TICKRELAY_PLANT); elsewhere PLANTED is the constant false.
#pragma once

#ifdef TICKRELAY_PLANT

#include <cstdint>
#include <map>
#include <utility>

namespace tickrelay {

enum class Plant : std::uint8_t {
  none,
  // core
  born,           // tombstones only of entities that lived at the frame's base
  floor,          // bases below the tombstones' floor are not told who is alive
  stamp,          // a write between two ticks is stamped with the tick that was sent
  twice,          // repeated actions are applied again
  unrounded,      // values are not quantised
  newest_base,    // a line takes the newest frame, whatever its base
  event_gap,      // a line takes events that do not follow its own
  event_by_base,  // the highest base wins, also over events that the line lacks
  event_reset,    // base 0 sets the event number to the newest
  stream_for_all,  // a line takes frames of a stream that it is not in
  key_unsettled,   // a key tick leaves the stream's context as it was
  resync_events,   // who asks for the whole does not get the events of what it discarded
  no_grace_end,   // seats whose grace is over stay
  any_term,           // bases count whatever their term
  stamps_kept,        // restored values keep the stamps of their making
  ids_not_raised,     // ids and player numbers go on where the checkpoint stood
  events_not_raised,  // event numbers do
  direct_not_raised,  // direct numbers do
  all_seen,           // everyone sees everything
  view_when_made,     // a view moves when its frame is made, not when it is handed
  entered_kept,       // after a drop, chunks keep bases above what the player has
  ghosts,             // after a drop, the next frame does not list what is in view
  leaving_untold,     // who leaves a view is not told
  // run
  untold_roll_back,  // who was ahead of the checkpoint is not told
  base_unwritten,    // the base moves though the socket refused the frame
  yours_kept,        // what a dropped Yours carried counts as told
  lost_untold,       // events that fell out of the ring are not said to be lost
  leap_lost,         // a newcomer is told that it lost what a crash skipped before it came
  applied_early,     // actions are confirmed before they are in the state
  direct_forgotten,  // direct messages are forgotten when sent, not when acknowledged
  kill_slow,         // a socket that is full is closed
  unfair,            // a flooder's socket is read on
  seat_leak,         // the lobby keeps the seat of a player who left
  two_connections,   // a takeover leaves the old connection in place
  old_link,          // the end of a connection ends the seat's newer one
  shield_unhanded,   // a shield carries what its first connection was not handed
  shield_kept,       // a shield outlives its first connection
  uncounted,         // refused actions are not counted
  failed_kept,       // a room goes on whose logic threw
  mute_kept,         // who says nothing may stay
  unpaced,           // who is above its quota is read on
  events_unpaid,       // a player's messages a second are not bounded
  entities_unbounded,  // what one player owns is not bounded
  // door
  ticket_kept,       // a ticket that was good once is good again
  ticket_lives_on,   // a ticket is good after it has expired
  any_algorithm,     // a ticket says itself that it needs no signature
  any_room,          // a ticket is good in every room
  session_unsigned,  // a session's signature is not looked at
  ban_by_session,    // who is banned comes back by its session
  rooms_unbounded,   // rooms are not bounded
  address_leak,      // connections that ended still count for their address
  each_address,      // an IPv6 address counts for itself, not for its /64
  joins_unpaced,     // joins from one address are not bounded
  header_short,      // what follows the addresses in a PROXY header is taken for the player's
  count
};
inline Plant planted = Plant::none;
inline std::map<std::pair<const void*, std::uint32_t>, std::uint32_t> births;  // world and entity → tick, for `born`

}  // namespace tickrelay

#define PLANTED(name) (::tickrelay::planted == ::tickrelay::Plant::name)
#define PLANT(statement) statement

#else

#define PLANTED(name) false
#define PLANT(statement)

#endif
