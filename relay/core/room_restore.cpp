// A room from a checkpoint: the same room in a new term, its clock set on, nobody connected, its numbers past what was lost.

#include <algorithm>

#include "relay/core/check.h"
#include "relay/core/checkpoint.h"
#include "relay/core/plant.h"

namespace tickrelay {

namespace {

// Per owner that was lost: what it gave out at once (the seats that ended among it), and its own restore.
constexpr std::uint64_t blocks_per_term = limits::blocks_burst_max + limits::players_max;
constexpr std::uint64_t events_per_term = limits::events_per_tick_max + limits::players_max + limits::blocks_burst_max;
// Each seat that came may end; its end is an event.
constexpr std::uint64_t events_per_tick = limits::events_per_tick_max + limits::blocks_per_tick;

constexpr std::uint64_t raise(std::uint64_t per_term, std::uint64_t per_tick, std::uint64_t terms, std::uint64_t ticks) {
    return per_term * terms + per_tick * ticks;
}
static_assert(raise(events_per_term, events_per_tick, limits::lost_terms_max, limits::lost_ticks_max) < 1ULL << 26,
              "dozens of the worst restores, thousands of usual ones, before a room's event numbers are used up");
static_assert(raise(limits::direct_per_tick_max, limits::direct_per_tick_max, limits::lost_terms_max, limits::lost_ticks_max) < 1ULL << 24);
static_assert(limits::authority_per_tick_max % limits::direct_per_tick_max == 0);
static_assert(raise(blocks_per_term, limits::blocks_per_tick, 1, 60 * 60) * limits::ids_per_block < 1ULL << 27,
              "dozens of restores with a minute lost at 60 Hz before a room's ids are used up");

}  // namespace

Raise raise_past(std::uint32_t lost_terms, std::uint32_t lost_ticks) {
    if (lost_terms == 0) return {};
    const std::uint64_t terms = std::min(lost_terms, limits::lost_terms_max);
    const std::uint64_t ticks = std::min(lost_ticks, limits::lost_ticks_max);
    return {.events = static_cast<EventNumber>(raise(events_per_term, events_per_tick, terms, ticks)),
            .direct = static_cast<EventNumber>(raise(limits::direct_per_tick_max, limits::direct_per_tick_max, terms, ticks)),
            .blocks = static_cast<std::uint32_t>(raise(blocks_per_term, limits::blocks_per_tick, terms, ticks))};
}

Room::Room(SavedRoom&& state, const Restore& how, std::unique_ptr<Logic> logic, RoomObserver& observer)
    : settings_(std::move(state.settings)), world_(std::move(state.world)), events_(std::move(state.events)), logic_(std::move(logic)),
      observer_(observer), term_(how.term), term_starts_(std::move(state.term_starts)), tick_(std::max(how.tick, state.tick)),
      jumped_(tick_ - state.tick), seats_(std::move(state.seats)), next_number_(state.next_number), next_block_(state.next_block),
      own_block_(state.own_block), last_own_id_(state.last_own_id), keep_(std::move(state.keep)),
      empty_since_(state.empty_since + jumped_) {  // nobody could come meanwhile
    lost_numbers_ = std::move(state.lost_numbers);
    made_again_ = std::move(state.made_again);
    spent_tickets_ = std::move(state.spent_tickets);
    CHECK(how.term > state.term);
    term_starts_.push_back({how.term, state.tick});
    if (term_starts_.size() > limits::term_starts_max) term_starts_.erase(term_starts_.begin());
    restore_numbers(how);
    for (const auto& seat : seats_) restore_seat(*seat, how.lost_terms != 0);
    for (const EntityId id : world_.entities().ids())
        if (Seat* owner = find(world_.owner(id)); owner != nullptr && owner->entity != id) ++owner->entities;
    visibilities_ = std::move(state.visibilities);
    frames_.restart(events_.last());
    make_stream();
    keep_past();
}

void Room::restore_logic(std::span<const std::byte> saved) {
    if (logic_) logic_->restore(*this, saved);
}

void Room::restore_numbers(const Restore& how) {
    const Raise raised = raise_past(how.lost_terms, how.lost_ticks);
    if (how.lost_terms == 0) return;
    if (!PLANTED(events_not_raised)) events_.skip_to(events_.last() + raised.events);
    if (!PLANTED(direct_not_raised))
        for (const auto& seat : seats_) seat->direct.skip_to(seat->direct.last() + raised.direct * direct_shares(seat->role));
    // Grace begins anew for those as for the seats that are here, also for those that a crash shortly before had lost.
    std::erase_if(lost_numbers_, [this](const LostNumbers& lost) { return lost.until < tick_ - jumped_; });
    for (LostNumbers& lost : lost_numbers_) {
        lost.until = tick_ + ticks_of_ms(settings_.grace_ms);
        lost.direct += raised.direct;
    }
    if (lost_numbers_.empty()) made_again_.clear();
    if (lost_numbers_.size() >= limits::lost_terms_max) lost_numbers_.erase(lost_numbers_.begin());
    if (PLANTED(ids_not_raised)) return;
    lost_numbers_.push_back({next_number_, next_number_ + raised.blocks, tick_ + ticks_of_ms(settings_.grace_ms), raised.direct});
    next_number_ += raised.blocks;
    next_block_ += raised.blocks;  // above what there is: none is granted any more
    own_block_ = {};
    last_own_id_ = 0;
}

// Its client sends again what was not applied, with ids from the blocks it knew, and takes new ones from above all of them.
void Room::restore_seat(Seat& seat, bool lost) {
    seat.link = 0;
    seat.expires = tick_ + ticks_of_ms(settings_.grace_ms);
    seat.told_applied = 0;
    if (lost && !PLANTED(ids_not_raised)) {
        if (seat.next_block.count != 0) seat.old_block = std::exchange(seat.block, seat.next_block);
        seat.next_block = {};
        seat.ids_known = false;
        if (spawns(seat.role)) grant_block(seat.next_block);
    }
    seat.next_block_tick = tick_ + 1;
    if (seat.block.holds(seat.last_spawned)) seat.block_used = seat.last_spawned - seat.block.first + 1;
    if (seat.block_used >= limits::ids_per_block / 2 && seat.next_block.count == 0) seat.block_due = tick_ + 1;
    write_roster(seat);
}

void Room::forgive(std::uint32_t ticks) {
    for (const auto& seat : seats_)
        if (!seat->connected()) seat->expires += ticks;
    for (LostNumbers& lost : lost_numbers_) lost.until += ticks;
    empty_since_ += ticks;
}

bool Room::may_make_again(PlayerNumber number, std::uint32_t term) const {
    if (term >= term_ || std::ranges::find(made_again_, number) != made_again_.end()) return false;
    const LostNumbers* range = lost(number);
    return range != nullptr && tick_ <= range->until;
}

const LostNumbers* Room::lost(PlayerNumber number) const {
    const auto found = std::ranges::find_if(lost_numbers_, [&](const LostNumbers& lost) { return number >= lost.first && number < lost.end; });
    return found == lost_numbers_.end() ? nullptr : &*found;
}

void Room::renew_ids(Seat& seat) {
    if (seat.ids_known) return;
    seat.ids_known = true;
    seat.old_block = {};
    seat.block = std::exchange(seat.next_block, IdBlock{});
}

}  // namespace tickrelay
