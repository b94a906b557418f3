// Joins, resumes and what becomes of connections.

#include <algorithm>
#include <new>

#include "relay/core/check.h"
#include "relay/core/plant.h"
#include "relay/core/thrown.h"
#include "relay/run/framing.h"
#include "relay/run/worker.h"

namespace tickrelay {

namespace {

bool is_player(wire::Role role) { return role == wire::Role::Player; }

std::uint32_t ack_ms_of(const Seat& seat) {
    return seat.role == wire::Role::Spectator ? limits::spectator_ack_interval_ms : limits::ack_interval_ms;
}

}  // namespace

void JoinErrand::run(Worker& worker, std::int64_t now_ns) { worker.join(*this, now_ns); }

void Worker::join(JoinErrand& errand, std::int64_t now_ns) {
    const std::int64_t started_ns = clock_();
    take_join(errand, now_ns);
    // Quick to fall and slow to rise: what another program took of this core in between is no cost of joins.
    const std::int64_t before_ns = port_.join_cost_ns.load(std::memory_order_relaxed);
    const std::int64_t more_ns = clock_() - started_ns - before_ns;
    port_.join_cost_ns.store(before_ns + more_ns / (more_ns < 0 ? 4 : 64), std::memory_order_relaxed);
}

void Worker::take_join(JoinErrand& errand, std::int64_t now_ns) {
    Place* place = place_of(errand.pass_.room, now_ns);  // throws nothing
    if (place == nullptr) {
        if (errand.pass_.reserved) lobby_.release(errand.pass_.room, is_player(errand.pass_.role));
        return refuse(errand, {errand.pass_.room->failed.value_or(CloseCode::room_closed), "the room is gone"});
    }
    if (place->parked || !may_run(*place)) {
        if (errand.pass_.reserved) lobby_.release(errand.pass_.room, is_player(errand.pass_.role));
        return refuse(errand, {CloseCode::going_away, "the room is between two nodes"});
    }
    try {
        if (errand.mode_ == wire::JoinMode::Shield) return shield(*place, errand);
        Drop refused{CloseCode::kicked, ""};
        Seat* seat = seat_for(*place, errand, refused);
        if (seat == nullptr) {
            if (errand.pass_.reserved) lobby_.release(errand.pass_.room, is_player(errand.pass_.role));
            return refuse(errand, refused);
        }
        connect(*place, *seat, errand, now_ns, errand.mode_ == wire::JoinMode::Resume);
    } catch (...) {
        const RoomRecordPointer record = place->record;
        fail_thrown(*place);
        refuse(errand, {record->failed.value_or(CloseCode::logic_failed), ""});  // its seat had no connection yet that would be closed
    }
}

// The seat of a session, of a player id that is here already, or a new one where it was reserved.
Seat* Worker::seat_for(Place& place, JoinErrand& errand, Drop& refused) {
    Room& room = *place.room;
    const Pass& pass = errand.pass_;
    if (errand.mode_ == wire::JoinMode::Resume) {
        Seat* seat = proven(room, errand);
        if (seat != nullptr) return take_over(place, *seat, errand);
        return place.is_mirror() ? make_watcher(place, errand, refused) : make_again(place, errand, refused);
    }
    if (pass.ticket && spent(room, errand, refused)) return nullptr;
    Seat* seat = pass.player_id.empty() ? nullptr : room.find_player(pass.player_id);
    if (pass.ticket && pass.ticket->seat != 0 && (seat == nullptr || seat->number != pass.ticket->seat)) {
        refused = bad_ticket(TicketFault::wrong_seat);
        return nullptr;
    }
    if (seat != nullptr && seat->role != pass.role) {  // or a player would become the authority by its name
        refused = {CloseCode::forbidden, "this player id has a seat of another role"};
        return nullptr;
    }
    seat = seat != nullptr ? take_over(place, *seat, errand) : make_seat(room, errand, refused);
    // Only now: who was refused may try again with the same ticket.
    if (pass.ticket && pass.ticket->once && !PLANTED(ticket_kept) && refused.code != CloseCode::room_full)
        room.spent_tickets().spend(*pass.ticket->once, pass.ticket->until_s, pass.ticket->now_s);
    return seat;
}

// Its room's thread alone asks and spends: of two joins with one ticket one gets the seat.
bool Worker::spent(Room& room, const JoinErrand& errand, Drop& refused) {
    const TicketTerms& ticket = *errand.pass_.ticket;
    if (!ticket.once) return false;
    if (room.spent_tickets().contains(*ticket.once))
        refused = bad_ticket(TicketFault::spent);
    else if (room.spent_tickets().full(ticket.now_s))
        refused = {CloseCode::overloaded, "this room remembers no further spent ticket"};
    else
        return false;
    return true;
}

Seat* Worker::take_over(Place& place, Seat& seat, JoinErrand& errand) {
    Room& room = *place.room;
    if (errand.pass_.reserved) lobby_.release(errand.pass_.room, is_player(errand.pass_.role));
    errand.pass_.reserved = false;
    if (const Placed* old = placed(place, seat.number)) send_close(old->connection, CloseCode::replaced, "");
    if (!PLANTED(two_connections)) unplace(place, seat.number);
    if (errand.mode_ != wire::JoinMode::Resume) {
        room.renew_ids(seat);
        seat.session = errand.pass_.session;  // who was replaced does not come back with what it had
    }
    room.connect(seat, errand.link_);
    return &seat;
}

Seat* Worker::make_seat(Room& room, JoinErrand& errand, Drop& refused) {
    Pass& pass = errand.pass_;
    if (!pass.reserved) {
        refused = {CloseCode::room_full, ""};
        return nullptr;
    }
    const PlayerNumber number = room.take_seat({.player_id = pass.player_id,
                                                .role = pass.role,
                                                .session = pass.session,
                                                .options = errand.options_,
                                                .prompt_acks = errand.prompt_acks_},
                                               errand.link_);
    if (number == 0)
        refused = {CloseCode::room_full, ""};
    else
        pass.reserved = false;  // the seat has it, and gave it back where the logic ended it in on_open
    return room.find(number);
}

Seat* Worker::proven(Room& room, const JoinErrand& errand) {
    const auto& claims = errand.pass_.claims;
    return claims ? room.find_session(claims->number, claims->session) : nullptr;
}

// A seat that came after the checkpoint which its room was restored from: the token has all that makes it.
Seat* Worker::make_again(Place& place, JoinErrand& errand, Drop& refused) {
    Room& room = *place.room;
    const SessionClaims& claims = *errand.pass_.claims;
    refused = {CloseCode::session_unknown, ""};
    const bool lost = room.find(claims.number) == nullptr && room.find_player(claims.player_id) == nullptr &&
                      room.may_make_again(claims.number, claims.term);
    const auto code = lost ? lobby_.reserve_again(place.record, is_player(claims.role)) : std::optional(CloseCode::session_unknown);
    if (code) {
        stats_.resumes(ResumeResult::session_unknown).add();
        refused = {*code, ""};
        return nullptr;
    }
    const PlayerNumber number = room.take_seat({.number = claims.number,
                                                .player_id = claims.player_id,
                                                .role = claims.role,
                                                .session = claims.session,
                                                .options = claims.options,
                                                .prompt_acks = errand.prompt_acks_},
                                               errand.link_);
    if (number != 0) return room.find(number);  // nothing where the logic ended it in on_open
    lobby_.release(place.record, is_player(claims.role));
    refused = {CloseCode::room_full, ""};
    return nullptr;
}

// Who watched this room elsewhere, or here before, goes on watching: the token proves the permission, and there is no seat to be kept.
Seat* Worker::make_watcher(Place& place, JoinErrand& errand, Drop& refused) {
    const SessionClaims& claims = *errand.pass_.claims;
    Seat* const named = place.room->find_player(claims.player_id);
    const bool made_up = claims.player_id.starts_with("player-" + std::to_string(claims.number));  // by the mirror that it comes from
    if (named != nullptr && (named->session == claims.session || !made_up)) {  // it was here before, or is here twice
        named->session = claims.session;
        return take_over(place, *named, errand);
    }
    if (const auto code = lobby_.reserve(place.record, is_player(claims.role))) {
        refused = {*code == CloseCode::room_full ? CloseCode::overloaded : *code, ""};
        return nullptr;
    }
    const PlayerNumber number = place.room->take_seat({.player_id = named == nullptr ? claims.player_id : "",
                                                       .role = claims.role,
                                                       .session = claims.session,
                                                       .options = claims.options,
                                                       .prompt_acks = errand.prompt_acks_},
                                                      errand.link_);
    return place.room->find(number);
}

void Worker::connect(Place& place, Seat& seat, JoinErrand& errand, std::int64_t now_ns, bool resumed) {
    Room& room = *place.room;
    const EventLog& events = room.events();
    Line::Position at;
    bool rolled_back = false;
    if (resumed) {
        at.base = room.effective(errand.have_);
        // It was ahead, and must forget: what it has is of a lost timeline. Who names no term has nothing.
        rolled_back = at.base < errand.have_.tick && errand.have_.term != 0 && !PLANTED(untold_roll_back);
        at.event = std::min(errand.have_event_, events.last());
        at.direct = std::clamp(errand.have_direct_, seat.direct.first() - 1, seat.direct.last());
        stats_.resumes(rolled_back ? ResumeResult::rolled_back : at.base == 0 ? ResumeResult::whole : ResumeResult::delta).add();
    } else {
        at.event = events.before_last(room.settings().history);
        const bool crosses = events.gap() != 0 && at.event <= events.gap_after();
        seat.leap_end = crosses ? events.gap_after() + events.gap() : 0;
        seat.leap = crosses ? events.gap() : 0;
        at.direct = seat.direct.first() - 1;
    }
    seat.prompt_acks = errand.prompt_acks_;
    // Of another term, or from before its view was known: then it gets all of it, whatever it has.
    const Tick has = at.base;
    if (room.views() != nullptr && !room.views()->can_continue(seat.number, at.base)) at.base = 0;

    auto admission = std::make_unique<Admission>();
    admission->room = {place.record->slot, place.generation};
    admission->worker = index_;
    admission->player = seat.number;
    admission->link = std::make_shared<Link>();
    admission->link->publish(at);
    admission->line = Line(at, {.base = room.frames().tick(), .event = room.frames().event()}, ack_ms_of(seat),
                           room.packed() != nullptr);
    admission->line.note_known(has);
    admission->conditions = seat.simulated;
    admission->line.set_budget(room.settings().bytes_per_s);
    admission->clock = place.clock;
    admission->record = place.record;
    frame_into(admission->welcome, welcome(place, seat, at, errand, rolled_back, now_ns));

    const Connection connection = Connection::of(errand.link_);
    place.placed.push_back({.number = seat.number, .connection = connection, .link = admission->link, .peer = errand.peer_});
    ++place.players_on_loop[connection.loop];
    Outbound item;
    item.kind = Outbound::Kind::admit;
    item.link = errand.link_;
    item.admission = std::move(admission);
    to_loops_[connection.loop].send_always(std::move(item));
    loop_to_wake_[connection.loop] = true;
}

Encoder::Bytes Worker::welcome(const Place& place, const Seat& seat, const Line::Position& at, const JoinErrand& errand,
                               bool rolled_back, std::int64_t now_ns) {
    const Room& room = *place.room;
    const bool resumed = errand.mode_ == wire::JoinMode::Resume;
    const EntityId ids_end = seat.block.first + seat.block.count;
    const EntityId ids_first = std::min(std::max(seat.block.first, seat.last_spawned + 1), ids_end);
    return encoder_.message(wire::Body::Welcome, [&](flatbuffers::FlatBufferBuilder& builder) {
        const Layout& layout = room.world().layout();
        const auto layout_offset = errand.fingerprint_ == layout.fingerprint() ? 0 : encode_layout(builder, layout);
        const auto room_id = builder.CreateString(room.settings().id);
        const auto type = builder.CreateString(room.settings().type);
        const auto player_id = builder.CreateString(seat.player_id);
        const auto session = builder.CreateString(sessions_.make(room.settings().id, room.term(), seat));
        wire::WelcomeBuilder welcome(builder);
        welcome.add_room_id(room_id);
        welcome.add_type(type);
        welcome.add_player(seat.number);
        welcome.add_player_id(player_id);
        welcome.add_role(seat.role);
        welcome.add_entity(seat.entity);
        welcome.add_session(session);
        welcome.add_term(room.term());
        welcome.add_tick(room.tick());
        welcome.add_tick_rate(room.settings().tick_rate);
        welcome.add_send_rate(room.settings().send_rate);
        welcome.add_tick_zero_us(static_cast<std::uint64_t>(place.clock.zero_ns / 1000));
        welcome.add_server_us(static_cast<std::uint64_t>(now_ns / 1000));
        welcome.add_resumed(resumed);
        welcome.add_rolled_back(rolled_back);
        welcome.add_applied_seq(seat.applied_seq);
        welcome.add_event(at.event);
        welcome.add_direct(at.direct);
        welcome.add_ids_first(ids_first);
        welcome.add_ids_count(ids_end - ids_first);
        welcome.add_ack_interval_ms(static_cast<std::uint16_t>(ack_ms_of(seat)));
        welcome.add_grace_ms(room.settings().grace_ms);
        welcome.add_codec(room.settings().codec);
        if (!layout_offset.IsNull()) welcome.add_layout(layout_offset);
        welcome.add_fingerprint(layout.fingerprint());
        welcome.add_inputs_answered(room.settings().authority == Authority::server);
        return welcome.Finish();
    });
}

const Worker::Placed* Worker::placed(const Place& place, PlayerNumber number) {
    const auto it = std::ranges::find(place.placed, number, &Placed::number);
    return it == place.placed.end() ? nullptr : &*it;
}

void Worker::unplace(Place& place, PlayerNumber number) {
    const auto it = std::ranges::find(place.placed, number, &Placed::number);
    if (it == place.placed.end()) return;
    if (!PLANTED(shield_kept)) end_shield(place, *it, CloseCode::going_away, "the first connection has ended");
    --place.players_on_loop[it->connection.loop];
    *it = std::move(place.placed.back());
    place.placed.pop_back();
}

// A second connection of a seat that has a first one. The newer shield counts: the older may be half dead.
void Worker::shield(Place& place, const JoinErrand& errand) {
    const Seat* seat = proven(*place.room, errand);
    const auto of = std::ranges::find(place.placed, seat == nullptr ? 0 : seat->number, &Placed::number);
    if (of == place.placed.end() || errand.have_.term != place.room->term())
        return refuse(errand, {CloseCode::session_unknown, "no connection to shield"});
    end_shield(place, *of, CloseCode::replaced, "");
    of->shield = Connection::of(errand.link_);
    of->link->shielded.store(true, std::memory_order_relaxed);
    ++place.players_on_loop[of->shield.loop];

    auto admission = std::make_unique<Admission>();
    admission->room = {place.record->slot, place.generation};
    admission->worker = index_;
    admission->player = of->number;
    admission->link = of->link;
    admission->clock = place.clock;
    admission->record = place.record;
    admission->shield = true;
    admission->conditions = seat->simulated;
    Outbound item;
    item.kind = Outbound::Kind::admit;
    item.link = errand.link_;
    item.admission = std::move(admission);
    to_loops_[of->shield.loop].send_always(std::move(item));
    loop_to_wake_[of->shield.loop] = true;
}

void Worker::end_shield(Place& place, Placed& of, CloseCode code, std::string_view detail) {
    if (of.shield.generation == 0) return;
    send_close(of.shield, code, detail);
    --place.players_on_loop[of.shield.loop];
    of.shield = {};
    of.link->shielded.store(false, std::memory_order_relaxed);
}

// Whether it was a shield that ended: the seat does not notice.
bool Worker::lost_shield(Place& place, const Inbound& item) {
    const auto of = std::ranges::find_if(place.placed, [&](const Placed& at) { return at.number == item.player; });
    if (of == place.placed.end() || of->shield.generation == 0 || of->shield.id() != item.link) return false;
    --place.players_on_loop[of->shield.loop];
    of->shield = {};
    of->link->shielded.store(false, std::memory_order_relaxed);
    return true;
}

void Worker::refuse(const JoinErrand& errand, const Drop& drop) {
    stats_.refused(drop).add();
    send_close(Connection::of(errand.link_), drop.code, drop.detail);
}

void Worker::send_close(const Connection& connection, CloseCode code, std::string_view detail) {
    Outbound item;
    item.kind = Outbound::Kind::close;
    item.link = connection.id();
    item.code = code;
    try {
        if (!detail.empty()) item.detail = std::make_unique<std::string>(detail);
    } catch (const std::bad_alloc&) {  // the code says enough
    }
    to_loops_[connection.loop].send_always(std::move(item));
    loop_to_wake_[connection.loop] = true;
}

void Worker::send_conditions(const Connection& connection, const Conditions& conditions) {
    Outbound item;
    item.kind = Outbound::Kind::simulate;
    item.link = connection.id();
    item.conditions = std::make_unique<Conditions>(conditions);
    to_loops_[connection.loop].send_always(std::move(item));
    loop_to_wake_[connection.loop] = true;
}

// ---------------------------------------------------------------------------------------------- what rooms tell

void Worker::seat_taken(const Room& room, const Seat& seat) {
    stats_.players.add(1);
    journal_of(room).player("player.joined", room, seat, "");
}
void Worker::seat_dropped(const Room& room, const Seat& seat) { journal_of(room).player("player.dropped", room, seat, "connection_lost"); }
void Worker::seat_resumed(const Room& room, const Seat& seat) { journal_of(room).player("player.resumed", room, seat, ""); }

void Worker::seat_ended(const Room& room, const Seat& seat, CloseCode code, std::string_view reason) {
    Place& place = place_of(room);
    if (const Placed* at = placed(place, seat.number)) send_close(at->connection, code, reason == label(code) ? "" : reason);
    unplace(place, seat.number);
    if (!PLANTED(seat_leak)) lobby_.release(place.record, is_player(seat.role));
    stats_.players.add(-1);
    journal_of(room).player("player.left", room, seat, reason);
}

void Worker::seat_simulated(const Room& room, const Seat& seat) {
    const Placed* at = placed(place_of(room), seat.number);
    if (at == nullptr) return;  // it holds for the next connection
    send_conditions(at->connection, seat.simulated);
    if (at->shield.generation != 0) send_conditions(at->shield, seat.simulated);
}

void Worker::action_refused(const Room&, const Seat&, Refusal refusal) {
    if (!PLANTED(uncounted)) stats_.refused(refusal).add();
}

void Worker::message(const Room& room, PlayerNumber from, const Event& event) { journal_of(room).message(room, from, event); }

}  // namespace tickrelay
