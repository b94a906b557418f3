// Entity ids: blocks of them, granted to seats as they use them, never twice.

#include <utility>

#include "relay/core/room.h"

namespace tickrelay {

EntityId Room::next_own_id() {
    EntityId id = last_own_id_ + 1;
    if (!own_block_.holds(id)) {
        if (!grant_block(own_block_)) return 0;
        id = own_block_.first;
    }
    return last_own_id_ = id;
}

// One that is not given out bounds seats all the same.
bool Room::spend_block() {
    if (blocks_left_ == 0) return false;
    --blocks_left_;
    return true;
}

// A seat's first may be one that another had and never used: each goes on only upwards from there.
bool Room::grant_first_block(IdBlock& block) {
    if (unused_blocks_.empty()) return grant_block(block);
    if (!spend_block()) return false;
    block = unused_blocks_.back();
    unused_blocks_.pop_back();
    return true;
}

bool Room::grant_block(IdBlock& block) {
    constexpr std::uint32_t blocks_max = 0xFFFFFFFFU / limits::ids_per_block;
    if (next_block_ >= blocks_max || !spend_block()) return false;
    block = {next_block_ * limits::ids_per_block, limits::ids_per_block};
    ++next_block_;
    return true;
}

// What is refused later on has used its id, too: its client goes on from there. False: it is not this seat's to use.
bool Room::use_id(Seat& seat, EntityId id) {
    const bool in_next = seat.next_block.holds(id);
    const bool in_old = seat.old_block.holds(id);
    if (id <= seat.last_spawned || (!in_next && !in_old && !seat.block.holds(id))) return false;
    seat.last_spawned = id;
    if (in_next) seat.block = std::exchange(seat.next_block, IdBlock{}), seat.ids_known = true, seat.block_used = 0, seat.block_due = 0;
    if (in_old) return true;
    const std::uint32_t half = seat.block.count / 2;
    const auto since_the_last = [&](std::uint32_t ms) { return seat.next_block_tick == 0 ? tick_ : seat.next_block_tick + ticks_of_ms(ms); };
    // Leaps cost no action each: who makes them waits, or one player's would be all the ids that a room has.
    if (++seat.block_used == half) seat.block_due = since_the_last(limits::ids_pace_ms);
    if (seat.block_due == 0 && id - seat.block.first >= half) seat.block_due = since_the_last(limits::ids_leap_ms);
    grant_due(seat);
    return true;
}

void Room::grant_due(Seat& seat) {
    if (seat.block_due == 0 || seat.block_due > tick_ || seat.next_block.count != 0 || !grant_block(seat.next_block)) return;
    seat.block_due = 0;
    seat.next_block_tick = tick_ + 1;
}

}  // namespace tickrelay
