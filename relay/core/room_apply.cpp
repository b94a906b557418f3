// What players do: each action is applied whole or refused alone.
// A logic may end any seat: after a call to it no seat is touched here.

#include <algorithm>
#include <utility>

#include "relay/core/room.h"
#include "relay/core/plant.h"

namespace tickrelay {

void Room::apply(Seat& seat, const Action& action) {
    if (action.seq <= seat.applied_seq && !PLANTED(twice)) return;  // repeated after a resume
    seat.applied_seq = action.seq;
    if (const Refusal refusal = apply_kind(seat, action); refusal != Refusal::none) refuse(seat, action, refusal);
}

void Room::acknowledge(Seat& seat, EventNumber direct) {
    direct = std::min(direct, seat.direct.last());
    if (seat.role == wire::Role::Authority)
        for (const Event& event : seat.direct.held_up_to(direct))
            if (Seat* from = event.kind == EventKind::Input ? find(event.player) : nullptr) from->heard_seq = std::max(from->heard_seq, event.seq);
    seat.direct.forget_up_to(direct);
}

void Room::answer_inputs() {
    const bool first = std::exchange(answered_at_, tick_) != tick_;
    for (const auto& seat : seats_) {
        // What no authority was told of, or not in time, is answered with what it does next: nothing else will come of it.
        if (first && seat->input_seq > seat->heard_seq && !waits_for_authority(*seat)) seat->heard_seq = seat->input_seq;
        if (seat->heard_seq <= seat->answered_seq) continue;
        seat->answered_seq = seat->heard_seq;
        seat->answered_tick = stamp();
    }
}

bool Room::waits_for_authority(const Seat& from) const {
    return std::ranges::any_of(seats_, [&](const auto& seat) { return seat->role == wire::Role::Authority && seat->direct.has_inputs_of(from.number); });
}

void Room::refuse(Seat& seat, const Action& action, Refusal refusal) {
    Event failure{.kind = EventKind::Failure, .type = std::string(label(refusal)), .data = {}};
    failure.request = failure.seq = action.seq;
    observer_.action_refused(*this, seat, refusal);
    push_direct(seat, std::move(failure));
    if (logic_) logic_->on_error(*this, seat, label(refusal));
}

Refusal Room::apply_kind(Seat& seat, const Action& action) {
    using wire::ActionKind;
    if (settings_.mirror) return Refusal::not_allowed;
    switch (action.kind) {
        case ActionKind::Set: return apply_set(seat, action);
        case ActionKind::Spawn: return apply_spawn(seat, action);
        case ActionKind::Despawn: return apply_despawn(seat, action);
        case ActionKind::Claim: return apply_claim(seat, action);
        case ActionKind::Input: return apply_input(seat, action);
        case ActionKind::Message: return apply_message(seat, action);
        case ActionKind::Answer: return apply_answer(seat, action);
    }
    return Refusal::not_allowed;
}

Refusal Room::may_write(const Seat& seat, EntityId entity) const {
    if (!world_.has(entity)) return Refusal::no_such_entity;
    // What is hidden from a player is not there, as in its frames.
    if (views_ && seat.role != wire::Role::Authority && world_.owner(entity) != seat.number && !views_->sees(seat.number, entity)) return Refusal::no_such_entity;
    switch (settings_.authority) {
        case Authority::logic: return Refusal::not_allowed;
        case Authority::server: return seat.role == wire::Role::Authority ? Refusal::none : Refusal::not_allowed;
        case Authority::player: break;
    }
    if (seat.role == wire::Role::Spectator) return Refusal::not_allowed;
    return world_.owner(entity) == seat.number ? Refusal::none : Refusal::not_owner;
}

Refusal Room::apply_set(const Seat& seat, const Action& action) {
    if (const Refusal refusal = may_write(seat, action.entity); refusal != Refusal::none) return refusal;
    if (settings_.authority == Authority::server) answer_inputs();
    return write(action.entity, action.component, action.mask, action.data);
}

// An authority stands for everyone, and holds a ticket.
bool Room::owns_too_many(const Seat& seat) const {
    return settings_.entities_per_player != 0 && !PLANTED(entities_unbounded) && seat.role != wire::Role::Authority && seat.entities >= settings_.entities_per_player;
}

void Room::note_owned(PlayerNumber owner, bool more) {
    Seat* seat = owner == 0 ? nullptr : find(owner);
    if (seat == nullptr) return;
    if (more)
        ++seat->entities;
    else if (seat->entities > 0)
        --seat->entities;
}

Refusal Room::apply_spawn(Seat& seat, const Action& action) {
    if (settings_.authority == Authority::logic || !spawns(seat.role)) return Refusal::not_allowed;
    if (settings_.authority == Authority::server && seat.role != wire::Role::Authority) return Refusal::not_allowed;
    const auto has = [&](wire::ActionFlags flag) { return (action.flags & flag) != wire::ActionFlags{}; };
    const bool hidden = has(wire::ActionFlags::Private) || has(wire::ActionFlags::Team);
    if (hidden && !views_) return Refusal::not_allowed;  // everyone would see it
    if (!use_id(seat, action.entity)) return Refusal::bad_id;
    if (world_.size() >= limits::entities_max || owns_too_many(seat)) return Refusal::too_many_entities;
    if (const Refusal refusal = check_value(action.component, action.mask, action.data); refusal != Refusal::none) return refusal;

    world_.create(action.entity, seat.number, stamp());
    const Refusal refusal = write(action.entity, action.component, action.mask, action.data);
    if (refusal != Refusal::none) {
        world_.remove(action.entity, stamp());
        return refusal;
    }
    ++seat.entities;
    if (has(wire::ActionFlags::Keep)) keep_.insert(action.entity);
    if (hidden) visibilities_.set(action.entity, {.by = has(wire::ActionFlags::Private) ? SeenBy::owner : SeenBy::team, .players = {}});
    return Refusal::none;
}

Refusal Room::apply_despawn(const Seat& seat, const Action& action) {
    if (const Refusal refusal = may_write(seat, action.entity); refusal != Refusal::none) return refusal;
    return despawn(action.entity);
}

Refusal Room::apply_claim(Seat& seat, const Action& action) {
    if (action.entity == 0 || !world_.has(action.entity)) return Refusal::no_such_entity;
    if (seat.role == wire::Role::Spectator || settings_.authority != Authority::player) return Refusal::not_allowed;
    if (views_ && !views_->sees(seat.number, action.entity)) return Refusal::no_such_entity;
    if (world_.owner(action.entity) != 0) return Refusal::not_owner;
    if (is_seats(action.entity)) return Refusal::not_allowed;  // a roster entry
    if (owns_too_many(seat)) return Refusal::too_many_entities;
    world_.set_owner(action.entity, seat.number, stamp());
    ++seat.entities;
    return Refusal::none;
}

Refusal Room::apply_input(Seat& seat, const Action& action) {
    if (seat.role == wire::Role::Spectator) return Refusal::not_allowed;
    if (logic_takes()) {
        logic_->on_message(*this, seat, {.kind = LogicMessage::Kind::input, .type = {}, .data = action.data, .seq = action.seq});
        return Refusal::none;
    }
    seat.input_seq = action.seq;
    const Refusal refusal = deliver_to_authority(seat, action, EventKind::Input);
    return refusal == Refusal::no_receiver ? Refusal::none : refusal;  // an input without a receiver is no fault
}

Refusal Room::deliver_to_authority(const Seat& from, const Action& action, EventKind kind) {
    bool found = false, delivered = false;
    for (const auto& seat : seats_) {
        if (seat->role != wire::Role::Authority || seat->number == from.number) continue;
        if (kind == EventKind::Input && !seat->connected()) continue;  // one that is not heard at once is not wanted later
        found = true;
        delivered |= push_direct(*seat, {.kind = kind,
                                         .player = from.number,
                                         .type = std::string(action.type),
                                         .data = {action.data.begin(), action.data.end()},
                                         .request = action.request,
                                         .seq = action.seq});
    }
    return delivered ? Refusal::none : found ? Refusal::too_many_messages : Refusal::no_receiver;
}

// By the room's clock, so that a seed reproduces it. What was not used of two seconds may come at once.
bool Room::pay_for_message(Seat& seat) const {
    constexpr std::int64_t parts = 1 << 20;  // of a tick
    if (settings_.events_per_s == 0 || PLANTED(events_unpaid) || seat.role == wire::Role::Authority) return true;
    const std::int64_t now = tick_ * parts;
    if (seat.messages_paid - now > 2 * settings_.tick_rate * parts) return false;
    seat.messages_paid = std::max(seat.messages_paid, now) + settings_.tick_rate * parts / settings_.events_per_s;
    return true;
}

Refusal Room::apply_message(Seat& seat, const Action& action) {
    using wire::Audience;
    if (!pay_for_message(seat)) return Refusal::too_many_messages;
    const bool has_authority = settings_.authority == Authority::server &&
                               std::ranges::any_of(seats_, [](const auto& s) { return s->role == wire::Role::Authority; });
    switch (action.audience) {
        case Audience::Default:
            if (logic_takes()) {
                logic_->on_message(*this, seat, {.type = action.type, .data = action.data, .request = action.request, .seq = action.seq});
                return Refusal::none;
            }
            if (has_authority && seat.role != wire::Role::Authority) return deliver_to_authority(seat, action, EventKind::Message);
            if (action.request != 0) return Refusal::no_receiver;
            [[fallthrough]];
        case Audience::Others:
        case Audience::All: {
            const bool skip_sender = action.audience != Audience::All;
            return broadcast(action.type, action.data, seat.number, skip_sender) ? Refusal::none : Refusal::too_many_messages;
        }
        case Audience::Authority: return deliver_to_authority(seat, action, EventKind::Message);
        case Audience::Players: break;
    }
    if (action.to == nullptr || action.to->size() == 0) return Refusal::no_receiver;
    for (const PlayerNumber number : *action.to)
        if (find(number) == nullptr) return Refusal::no_such_player;
    std::vector<PlayerNumber> receivers(action.to->begin(), action.to->end());
    std::ranges::sort(receivers);
    receivers.erase(std::unique(receivers.begin(), receivers.end()), receivers.end());  // who is named twice hears it once
    bool delivered = true;
    for (const PlayerNumber number : receivers)
        delivered &= push_direct(*find(number), {.kind = EventKind::Message,
                                                 .player = seat.number,
                                                 .type = std::string(action.type),
                                                 .data = {action.data.begin(), action.data.end()},
                                                 .request = action.request,
                                                 .seq = action.seq});
    return delivered ? Refusal::none : Refusal::too_many_messages;
}

Refusal Room::apply_answer(Seat& seat, const Action& action) {
    if (!pay_for_message(seat)) return Refusal::too_many_messages;
    if (action.to == nullptr || action.to->size() != 1 || action.request == 0) return Refusal::no_receiver;
    if (find(action.to->Get(0)) == nullptr) return Refusal::no_such_player;
    return answer(action.to->Get(0), action.request, action.data, seat.number) ? Refusal::none : Refusal::too_many_messages;
}

}  // namespace tickrelay
