#include "relay/core/room.h"
#include "relay/core/check.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "relay/core/quantise.h"
#include "relay/core/thrown.h"
#include "relay/core/plant.h"

namespace tickrelay {

Room::Room(RoomSettings settings, std::unique_ptr<Logic> logic, std::uint32_t term, RoomObserver& observer)
    : settings_(std::move(settings)), world_(settings_.layout), logic_(std::move(logic)), observer_(observer), term_(term), term_starts_{{term, 0}} {
    make_stream();
    keep_past();
    CHECK(grant_block(own_block_));
    world_.create(0, 0, stamp());
    write_room();
}

void Room::make_stream() {
    const Tick key_most = ticks_of_ms(limits::key_tick_ms), key_least = ticks_of_ms(limits::key_tick_demand_ms);
    const bool coded = settings_.codec == wire::Codec::Packed;
    if (settings_.views)
        views_ = std::make_unique<Views>(*settings_.layout, Grid(settings_.view_radius, settings_.view_cell), coded, key_most, key_least);
    if (!coded || settings_.views) return;
    packed_ = std::make_unique<PackedStream>(*settings_.layout);
    frames_.use_stream(key_most, key_least);
}

void Room::keep_past() {
    if (settings_.rewind_ms != 0) world_.remember(ticks_of_ms(settings_.rewind_ms), tick_);
}

std::optional<Rewound> Room::rewind(Tick tick) const {
    if (tick > tick_ || tick < rewind_floor()) return std::nullopt;
    return Rewound(world_, world_.past(), tick);
}

Tick Room::stamp() const { return advancing_ || PLANTED(stamp) ? tick_ : tick_ + 1; }

std::uint32_t Room::ticks_of_ms(std::uint64_t ms) const {
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(ms * settings_.tick_rate / 1000, 1, 0x7FFFFFFF));
}

// ---------------------------------------------------------------------------------------------- seats

PlayerNumber Room::take_seat(SeatRequest request, LinkId link) {
    IdBlock block;
    const bool unseen = settings_.mirror;
    const EntityId entity = unseen ? 0 : next_own_id(), roster_entity = views_ ? next_own_id() : 0;
    if (!unseen && (entity == 0 || (views_ && roster_entity == 0) || !(spawns(request.role) ? grant_first_block(block) : spend_block()))) return 0;
    auto seat = std::make_unique<Seat>();
    seat->number = request.number != 0 ? request.number : next_number_++;
    seat->take_role(request.role);
    if (request.number != 0) {
        made_again_.push_back(request.number);
        seat->direct.skip_to(lost(request.number)->direct * direct_shares(request.role));
    }
    seat->player_id = request.player_id.empty() ? made_player_id(seat->number) : std::move(request.player_id);
    seat->session = std::move(request.session);
    seat->options = request.options.empty() ? "{}" : std::move(request.options);
    seat->prompt_acks = request.prompt_acks;
    seat->entity = entity;
    seat->roster_entity = roster_entity;
    seat->block = block;
    seat->link = link;

    if (!unseen) write_seat(*seat);
    const auto at = std::ranges::upper_bound(seats_, seat->number, {}, [](const auto& other) { return other->number; });
    Seat& taken = **seats_.insert(at, std::move(seat));
    observer_.seat_taken(*this, taken);
    const PlayerNumber number = taken.number;
    if (logic_) logic_->on_open(*this, taken);  // may end any seat, this one too
    return number;
}

// What everyone sees of a new one.
void Room::write_seat(const Seat& seat) {
    world_.create(seat.entity, seat.number, stamp());
    for (ComponentIndex i = first_schema_component; i < world_.layout().components().size(); ++i)
        if (const Component& component = world_.layout().component(i); component.player) {
            if (component.opaque())
                world_.replace(seat.entity, i, {}, stamp());
            else
                world_.write(seat.entity, i, 0, {}, stamp());
        }
    if (seat.roster_entity != 0) world_.create(seat.roster_entity, 0, stamp());
    write_roster(seat);
}

World& Room::mirrored() {
    CHECK(settings_.mirror);
    return world_;
}

Seat* Room::find(PlayerNumber number) {
    const auto it = std::ranges::lower_bound(seats_, number, {}, [](const auto& seat) { return seat->number; });
    return it != seats_.end() && (*it)->number == number ? it->get() : nullptr;
}

// Of somebody without one. A name is one seat's, and somebody else may have come with this.
std::string Room::made_player_id(PlayerNumber number) {
    const std::string first = "player-" + std::to_string(number);
    std::string id = first;
    for (unsigned again = 2; find_player(id) != nullptr; ++again) id = first + "-" + std::to_string(again);
    return id;
}

Seat* Room::find_player(std::string_view player_id) {
    const auto it = std::ranges::find(seats_, player_id, [](const auto& seat) { return std::string_view(seat->player_id); });
    return it == seats_.end() ? nullptr : it->get();
}

Seat* Room::find_session(PlayerNumber number, std::string_view session) {
    Seat* seat = session.empty() ? nullptr : find(number);
    return seat != nullptr && seat->session == session ? seat : nullptr;
}

void Room::connect(Seat& seat, LinkId link) {
    seat.link = link;
    seat.expires = 0;
    write_roster(seat);
    observer_.seat_resumed(*this, seat);
}

void Room::disconnect(Seat& seat) {
    seat.link = 0;
    seat.expires = tick_ + ticks_of_ms(settings_.grace_ms);
    write_roster(seat);
    observer_.seat_dropped(*this, seat);
    if (logic_) logic_->on_error(*this, seat, "connection_lost");
}

void Room::end_seat(PlayerNumber number, CloseCode code, std::string_view reason) {
    const auto it = std::ranges::lower_bound(seats_, number, {}, [](const auto& seat) { return seat->number; });
    if (it != seats_.end() && (*it)->number == number) end_at(static_cast<std::size_t>(it - seats_.begin()), code, reason);
}

void Room::end_all(CloseCode code, std::string_view reason) {
    while (!seats_.empty()) end_at(seats_.size() - 1, code, reason);
}

void Room::end_at(std::size_t index, CloseCode code, std::string_view reason) {
    const std::unique_ptr<Seat> seat = std::move(seats_[index]);
    seats_.erase(seats_.begin() + static_cast<std::ptrdiff_t>(index));
    if (views_) views_->forget(seat->number);
    if (!settings_.mirror) forget_seat(*seat, reason);
    if (seats_.empty()) empty_since_ = tick_;
    observer_.seat_ended(*this, *seat, code, reason);
    if (logic_) logic_->on_close(*this, *seat, reason);
}

// Its entities go, or are nobody's from here on; everyone hears that it left.
void Room::forget_seat(const Seat& seat, std::string_view reason) {
    std::vector<EntityId> owned;
    std::uint64_t nobodys = 0;
    const Rows& entities = world_.entities();
    for (const EntityId id : entities.ids()) {
        if (world_.owner(id) == seat.number) owned.push_back(id);
        nobodys += world_.owner(id) == 0 && keep_.contains(id);
    }
    for (const EntityId id : owned) {
        if (keep_.contains(id) && may_keep(seat, nobodys)) {
            ++nobodys;
            world_.set_owner(id, 0, stamp());
            continue;
        }
        world_.remove(id, stamp());
        keep_.erase(id);
        visibilities_.forget(id);
    }
    if (seat.roster_entity != 0) world_.remove(seat.roster_entity, stamp());
    events_.push({.kind = EventKind::PlayerLeft, .player = seat.number, .type = std::string(reason), .data = {}});
    if (seat.block.count != 0 && seat.last_spawned == 0 && seat.ids_known && unused_blocks_.size() < limits::players_max) unused_blocks_.push_back(seat.block);
}

// Leaving and coming again must not evade the quota: what players left to nobody is at most what a full room may own, and half of what a room holds.
bool Room::may_keep(const Seat& seat, std::uint64_t nobodys) const {
    if (settings_.entities_per_player == 0 || seat.role == wire::Role::Authority || PLANTED(entities_unbounded)) return true;
    const std::uint64_t full = std::uint64_t{settings_.entities_per_player} * std::max<std::uint32_t>(settings_.max_players, 1);
    return nobodys < std::min<std::uint64_t>(full, limits::entities_max / 2);
}

// A player may be out of sight; that it is in the room everyone knows.
void Room::write_roster(const Seat& seat) {
    if (settings_.mirror) return;
    const bool apart = seat.roster_entity != 0;
    builder_.Clear();
    builder_.Finish(wire::CreatePlayerDirect(builder_, seat.number, seat.player_id.c_str(), seat.role, seat.connected(),
                                             seat.options.c_str(), apart ? seat.entity : 0));
    world_.replace(apart ? seat.roster_entity : seat.entity, player_component,
                   std::as_bytes(std::span(builder_.GetBufferPointer(), builder_.GetSize())), stamp());
}

void Room::write_room() {
    builder_.Clear();
    builder_.Finish(wire::CreateRoomDirect(builder_, settings_.id.c_str(), settings_.type.c_str(), settings_.metadata.c_str(),
                                           settings_.locked));
    world_.replace(0, room_component, std::as_bytes(std::span(builder_.GetBufferPointer(), builder_.GetSize())), stamp());
}

// ---------------------------------------------------------------------------------------------- time

Tick Room::effective(Base have) const {
    if (have.term > term_ || have.tick > tick_) return 0;
    if (have.term == term_) return have.tick;
    bool known = false;  // a term that this room did not come through is of another timeline
    for (const TermStart& start : term_starts_) {
        known |= start.term == have.term;
        if (start.term > have.term && have.tick > start.tick && !PLANTED(any_term)) return 0;
    }
    return known || PLANTED(any_term) ? have.tick : 0;
}

void Room::advance(Tick now) {
    CHECK(now > tick_);
    const std::uint32_t passed = now - tick_;
    tick_ = now;
    if (Past* past = world_.past()) past->advance(now);
    advancing_ = true;
    events_this_tick_ = 0;
    blocks_left_ = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(blocks_left_ + std::uint64_t{passed} * limits::blocks_per_tick, limits::blocks_burst_max));
    for (const auto& seat : seats_) {
        seat->direct_this_tick = 0;
        grant_due(*seat);
    }
    for (std::size_t i = seats_.size(); i-- > 0;)
        if (i < seats_.size() && !seats_[i]->connected() && seats_[i]->expires <= now && !PLANTED(no_grace_end))  // on_close may end others
            end_at(i, CloseCode::session_unknown, "connection_lost");
    if (logic_) logic_->on_tick(*this, passed + std::exchange(jumped_, 0));
    advancing_ = false;
}

bool Room::expired() const {
    return closing_ || (seats_.empty() && settings_.empty_ttl_ms != 0 && tick_ - empty_since_ >= ticks_of_ms(settings_.empty_ttl_ms));
}

// ---------------------------------------------------------------------------------------------- logic and match server

Refusal Room::check_value(ComponentIndex component, std::uint64_t mask, std::span<const std::byte> data) const {
    if (component < first_schema_component || component >= world_.layout().components().size()) return Refusal::no_such_component;
    const Component& what = world_.layout().component(component);
    if (what.opaque()) return data.size() > limits::opaque_bytes_max ? Refusal::too_large : Refusal::none;
    if ((mask & ~what.all()) != 0 || data.size() != what.packed_bytes(mask)) return Refusal::bad_value;
    return Refusal::none;
}

Refusal Room::write(EntityId entity, ComponentIndex component, std::uint64_t mask, std::span<const std::byte> data) {
    if (!world_.has(entity)) return Refusal::no_such_entity;
    if (const Refusal refusal = check_value(component, mask, data); refusal != Refusal::none) return refusal;
    const Component& what = world_.layout().component(component);
    if (what.opaque()) {
        world_.replace(entity, component, data, stamp());
        return Refusal::none;
    }
    std::array<std::byte, limits::component_bytes_max> buffer;
    if (what.quats != 0) {
        mask = with_whole_quats(what, mask, data, world_.get(entity, component), buffer);
    } else {
        std::copy_n(data.data(), data.size(), buffer.data());
    }
    const std::span quantised = std::span(buffer).first(what.packed_bytes(mask));
    std::uint32_t clamped = 0;
    if (!PLANTED(unrounded) && !quantise_packed(what, mask, quantised, clamped)) return Refusal::bad_value;
    values_clamped_ += clamped;
    world_.write(entity, component, mask, quantised, stamp());
    return Refusal::none;
}

Refusal Room::spawn(PlayerNumber owner, ComponentIndex component, std::span<const std::byte> value, bool keep, EntityId& id) {
    if (world_.size() >= limits::entities_max) return Refusal::too_many_entities;
    if (component < first_schema_component || component >= world_.layout().components().size()) return Refusal::no_such_component;
    const std::uint64_t all = world_.layout().component(component).all();
    if (const Refusal refusal = check_value(component, all, value); refusal != Refusal::none) return refusal;
    id = next_own_id();
    if (id == 0) return Refusal::bad_id;
    world_.create(id, owner, stamp());
    const Refusal refusal = write(id, component, all, value);
    if (refusal != Refusal::none) {
        world_.remove(id, stamp());
        return refusal;
    }
    note_owned(owner, true);
    if (keep) keep_.insert(id);
    return refusal;
}

// With its roster entry, where that is on one of its own.
bool Room::is_seats(EntityId entity) const {
    if (world_.has(entity, player_component)) return true;
    return views_ && std::ranges::any_of(seats_, [&](const auto& seat) { return seat->entity == entity; });
}

Refusal Room::despawn(EntityId entity) {
    if (entity == 0 || !world_.has(entity)) return Refusal::no_such_entity;
    if (is_seats(entity)) return Refusal::not_allowed;
    note_owned(world_.owner(entity), false);
    world_.remove(entity, stamp());
    keep_.erase(entity);
    visibilities_.forget(entity);
    return Refusal::none;
}

// ---------------------------------------------------------------------------------------------- who sees what

void Room::look_around() {
    views_->update(world_, visibilities_, [this](PlayerNumber number) {
        const Seat* seat = find(number);
        return seat == nullptr ? 0 : seat->team;
    }, tick_);
}

Refusal Room::show(EntityId entity, Visibility to) {
    if (!world_.has(entity)) return Refusal::no_such_entity;
    if (!views_ || entity == 0 || world_.has(entity, player_component)) return Refusal::not_allowed;
    if (to.players.size() > limits::audience_max) return Refusal::too_large;
    visibilities_.set(entity, std::move(to));
    return Refusal::none;
}

bool Room::set_team(PlayerNumber number, std::uint32_t team) {
    Seat* seat = find(number);
    if (seat == nullptr) return false;
    if (seat->team != team && views_) views_->chunks().look_again();
    seat->team = team;
    return true;
}

bool Room::simulate(PlayerNumber number, const Conditions& conditions) {
    Seat* seat = find(number);
    if (seat == nullptr) return false;
    seat->simulated = conditions;
    observer_.seat_simulated(*this, *seat);
    return true;
}

bool Room::look_from(PlayerNumber number, std::optional<Point> at) {
    Seat* seat = find(number);
    if (seat == nullptr) return false;
    seat->looks_from = at;
    return true;
}

bool Room::broadcast(std::string_view type, std::span<const std::byte> data, PlayerNumber from, bool skip_sender) {
    if (events_this_tick_ >= limits::events_per_tick_max) return false;
    ++events_this_tick_;
    Event event{.kind = EventKind::Message, .player = from, .type = std::string(type), .data = {data.begin(), data.end()}};
    event.skip_sender = skip_sender;
    observer_.message(*this, from, event);
    events_.push(std::move(event));
    return true;
}

bool Room::push_direct(Seat& seat, Event event) {
    const bool authority = seat.role == wire::Role::Authority;
    if (seat.direct_this_tick >= (authority ? limits::authority_per_tick_max : limits::direct_per_tick_max)) return false;
    if (!seat.direct.takes(event)) return false;
    ++seat.direct_this_tick;
    seat.direct.push(std::move(event));
    return true;
}

bool Room::send(PlayerNumber to, std::string_view type, std::span<const std::byte> data, PlayerNumber from) {
    Seat* seat = find(to);
    if (seat == nullptr) return false;
    return push_direct(*seat,
                       {.kind = EventKind::Message, .player = from, .type = std::string(type), .data = {data.begin(), data.end()}});
}

bool Room::answer(PlayerNumber to, std::uint32_t request, std::span<const std::byte> data, PlayerNumber from) {
    Seat* seat = find(to);
    if (seat == nullptr) return false;
    return push_direct(
        *seat, {.kind = EventKind::Answer, .player = from, .type = {}, .data = {data.begin(), data.end()}, .request = request});
}

void Room::kick(PlayerNumber number, std::string_view reason, CloseCode code) {
    try {
        end_seat(number, code, reason);
    } catch (...) {  // on_close: operators kick too, and a logic costs its room alone
        failure_ = thrown();
    }
}

void Room::update(const std::string* metadata, const bool* is_private, const bool* locked, const std::uint32_t* max_players) {
    if (metadata != nullptr) settings_.metadata = *metadata;
    if (is_private != nullptr) settings_.is_private = *is_private;
    if (locked != nullptr) settings_.locked = *locked;
    if (max_players != nullptr) settings_.max_players = *max_players;
    write_room();
}

}  // namespace tickrelay
