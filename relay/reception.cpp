#include "relay/reception.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "relay/core/plant.h"
#include "relay/door/metadata.h"

namespace tickrelay {

namespace {

constexpr std::size_t listing_max = 256;  // rooms that a client is told of at once
constexpr std::size_t trace_bytes = 16;   // as W3C's trace-id
constexpr std::size_t session_bytes = 8;  // signed with the seat: it need not be guessed, only differ

bool is_player(wire::Role role) { return role == wire::Role::Player; }

}  // namespace

Surroundings machine() {
    return {.unix_s = [] { return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count(); },
            .random = fill_random};
}

Reception::Reception(const Options& options, Lobby& lobby, Tickets& tickets, Sessions& sessions, LogicCatalogue logics, Surroundings around)
    : options_(options), lobby_(lobby), tickets_(tickets), sessions_(sessions), logics_(std::move(logics)), around_(std::move(around)), auth_(options.auth),
      types_(std::make_shared<RoomTypes>(built_in_types())) {
    set_quotas(options);
}

void Reception::set_quotas(const Options& options) {
    quotas_.rooms = options.quota_rooms;
    quotas_.rooms_per_type = options.quota_rooms_per_type;
    quotas_.entities_per_player = options.quota_entities_per_player;
    quotas_.events_per_s = options.quota_events_per_s;
}

RoomSettings Reception::within_quotas(RoomSettings settings) const {
    const auto cap = [](std::uint32_t& own, std::uint32_t quota) {
        if (quota != 0) own = own == 0 ? quota : std::min(own, quota);
    };
    cap(settings.entities_per_player, quotas_.entities_per_player);
    cap(settings.events_per_s, quotas_.events_per_s);
    return settings;
}

void Reception::set_types(RoomTypes types) {
    const std::scoped_lock lock(mutex_);
    types_ = std::make_shared<const RoomTypes>(std::move(types));
}

std::shared_ptr<const RoomTypes> Reception::types() const {
    const std::scoped_lock lock(mutex_);
    return types_;
}

RoomRecordPointer Reception::make_room(RoomSettings settings, std::int64_t now_ns, CloseCode& refused, RoomRecordPointer* existing) {
    LogicFactory logic = logics_(settings.logic);
    if (!logic) {
        refused = CloseCode::unknown_type;
        return nullptr;
    }
    if (fleet_.right != nullptr && fleet_.right->tenure() == 0) {
        refused = CloseCode::going_away;
        return nullptr;
    }
    if (draining()) {
        refused = CloseCode::restarting;
        return nullptr;
    }
    const std::uint32_t of_type_max = settings.max_rooms != 0 ? settings.max_rooms : quotas_.rooms_per_type.load();
    if ((lobby_.size() >= quotas_.rooms && !PLANTED(rooms_unbounded)) || (of_type_max != 0 && lobby_.size(settings.type) >= of_type_max)) {
        if (existing != nullptr && !settings.id.empty()) *existing = lobby_.find(settings.id);  // a spawn that is repeated
        refused = CloseCode::overloaded;
        return nullptr;
    }
    refused = CloseCode::normal;
    if (settings.trace_id.empty()) settings.trace_id = hexadecimal(trace_bytes);
    std::uint64_t random = 0;
    around_.random(std::as_writable_bytes(std::span(&random, 1)));
    return lobby_.create(within_quotas(std::move(settings)), std::move(logic), now_ns, random, existing);
}

// Of so many random bytes, hard to guess.
std::string Reception::hexadecimal(std::size_t bytes) const {
    std::vector<std::byte> random(bytes);
    around_.random(random);
    std::string text;
    for (const std::byte byte : random) {
        text += "0123456789abcdef"[static_cast<std::uint8_t>(byte) >> 4];
        text += "0123456789abcdef"[static_cast<std::uint8_t>(byte) & 15];
    }
    return text;
}

Verdict Reception::admit(const JoinRequest& join, std::int64_t now_ns) {
    if (join.mode == wire::JoinMode::Resume || join.mode == wire::JoinMode::Shield) return admit_back(join, now_ns);
    const bool by_id = join.mode == wire::JoinMode::ById;
    if (draining() && !(by_id && fleet_.find)) return Drop{CloseCode::restarting, "the relay is draining"};
    if (!join.player_id.empty() && !valid_name(join.player_id)) return Drop{CloseCode::protocol_error, "player_id is no printable text"};
    if (!join.options.empty() && !is_json_object(join.options)) return Drop{CloseCode::protocol_error, "options are no JSON object"};
    if (!join.metadata.empty() && !is_json_object(join.metadata))
        return Drop{CloseCode::protocol_error, "metadata is no JSON object"};
    // A ticket is for a room: where one is asked for by type nobody looks into it.
    if (join.role == wire::Role::Authority && (join.ticket.empty() || !by_id) && !options_.dev)
        return Drop{CloseCode::forbidden, by_id ? "role authority needs a ticket" : "role authority needs a ticket, and its room's id"};
    if (by_id) return admit_by_id(join, now_ns);
    if (asks_for_tickets()) return bad_ticket(TicketFault::missing);
    return admit_by_type(join, now_ns);
}

Verdict Reception::admit_by_type(const JoinRequest& join, std::int64_t now_ns) {
    const auto all = types();
    const auto type = all->find(join.type);
    if (type == all->end()) return Drop{CloseCode::unknown_type, "no room type of that name is configured"};
    if (bans_.holds(join.player_id, "", now_ns)) return Drop{CloseCode::banned, ""};
    Pass pass{.room = nullptr, .player_id = std::string(join.player_id), .role = join.role, .reserved = true, .session = hexadecimal(session_bytes)};
    const bool watches = join.role == wire::Role::Spectator && watch_ && (fleet_.find || type->second.settings.spectator_delay_ms != 0);
    if (watches) return admit_watcher_by_type(join, std::move(pass), now_ns);
    if (join.mode != wire::JoinMode::Create) pass.room = lobby_.reserve_by_type(type->first, is_player(join.role));
    if (pass.room && join.role == wire::Role::Spectator && watch_) {  // of a room that alone has a delay
        lobby_.release(pass.room, /*is_player*/ false);
        const std::string id = pass.room->id;
        if (auto verdict = admit_to_mirror(id, pass, now_ns)) return *std::move(verdict);
        if (const auto code = lobby_.reserve(pass.room, /*is_player*/ false)) return Drop{*code, ""};
    }
    const auto banned = [&] {
        try {
            return bans_.holds(join.player_id, pass.room->id, now_ns);
        } catch (...) {  // no memory: the seat that was reserved is given back
            lobby_.release(pass.room, is_player(join.role));
            throw;
        }
    };
    if (pass.room && banned()) {
        lobby_.release(pass.room, is_player(join.role));
        return Drop{CloseCode::banned, ""};
    }
    if (pass.room) return pass;
    if (join.mode == wire::JoinMode::Join) return Drop{CloseCode::room_not_found, "no open room of this type has a free seat"};
    if (!type->second.settings.client_creatable && !options_.dev)
        return Drop{CloseCode::forbidden, "clients do not create rooms of this type"};
    RoomSettings settings = type->second.settings;
    settings.type = type->first;
    settings.id.clear();
    if (!join.metadata.empty()) settings.metadata = join.metadata;
    CloseCode refused{};
    pass.room = make_room(std::move(settings), now_ns, refused, nullptr);
    if (!pass.room) return Drop{refused == CloseCode::normal ? CloseCode::server_error : refused, "no further room"};
    if (const auto code = lobby_.reserve(pass.room, is_player(join.role))) return Drop{*code, ""};
    return pass;
}

// It gets no seat in the room that is found, not even for a moment.
Verdict Reception::admit_watcher_by_type(const JoinRequest& join, Pass pass, std::int64_t now_ns) {
    if (join.mode == wire::JoinMode::Create) return Drop{CloseCode::forbidden, "who only watches creates no room"};
    const RoomRecordPointer found = lobby_.reserve_by_type(std::string(join.type), /*is_player*/ false);
    if (!found) return Drop{CloseCode::room_not_found, "no open room of this type can be watched here"};
    lobby_.release(found, /*is_player*/ false);
    pass.room = found;
    if (auto verdict = admit_to_mirror(found->id, pass, now_ns)) return *std::move(verdict);
    if (bans_.holds(pass.player_id, found->id, now_ns)) return Drop{CloseCode::banned, ""};
    if (const auto code = lobby_.reserve(found, /*is_player*/ false)) return Drop{*code, ""};
    return pass;
}

Verdict Reception::admit_by_id(const JoinRequest& join, std::int64_t now_ns) {
    Pass pass{.room = nullptr, .player_id = std::string(join.player_id), .role = join.role, .reserved = true, .session = hexadecimal(session_bytes)};
    std::string room_id(join.room_id);
    if (auto drop = take_ticket(join, pass, room_id)) return *drop;
    pass.room = lobby_.find(room_id);
    if (auto verdict = admit_to_mirror(room_id, pass, now_ns)) return *std::move(verdict);
    if (!pass.room) return not_here(room_id, {CloseCode::room_not_found, "no room of that id"});
    if (draining()) return Drop{CloseCode::restarting, "the relay is draining"};
    if (bans_.holds(pass.player_id, pass.room->id, now_ns)) return Drop{CloseCode::banned, ""};
    if (pass.ticket && pass.ticket->seat != 0) {  // of one that is there, and has its place
        pass.reserved = false;
        return pass;
    }
    if (const auto code = lobby_.reserve(pass.room, is_player(pass.role))) {
        // A full room still takes back a player who has a seat: its worker knows.
        if (*code != CloseCode::room_full || pass.player_id.empty()) return Drop{*code, ""};
        pass.reserved = false;
    }
    return pass;
}

// Whoever only watches. Nothing: as everyone else.
std::optional<Verdict> Reception::admit_to_mirror(const std::string& room_id, Pass& pass, std::int64_t now_ns) {
    if (pass.role != wire::Role::Spectator || !watch_) return std::nullopt;
    auto watched = watch_(room_id, pass.room.get());
    if (!watched) return std::nullopt;
    if (bans_.holds(pass.claims ? pass.claims->player_id : pass.player_id, room_id, now_ns)) return Drop{CloseCode::banned, ""};
    if (auto* drop = std::get_if<Drop>(&*watched)) return std::move(*drop);
    if (auto* elsewhere = std::get_if<Redirect>(&*watched)) return std::move(*elsewhere);
    pass.room = std::get<RoomRecordPointer>(std::move(*watched));
    if (!pass.reserved) return std::move(pass);
    const auto code = lobby_.reserve(pass.room, /*is_player*/ false);
    if (!code) return std::move(pass);
    if (*code == CloseCode::room_full) return Drop{CloseCode::overloaded, "no further spectator of this room on this node"};
    return Drop{*code == CloseCode::room_closed ? CloseCode::going_away : *code, ""};  // its mirror has just ended
}

std::optional<Drop> Reception::take_ticket(const JoinRequest& join, Pass& pass, std::string& room_id) const {
    if (join.ticket.empty()) return asks_for_tickets() ? std::optional(bad_ticket(TicketFault::missing)) : std::nullopt;
    const std::int64_t now_s = around_.unix_s();
    const auto read = tickets_.read(join.ticket, join.room_id, now_s);
    if (const auto* fault = std::get_if<TicketFault>(&read)) return bad_ticket(*fault);
    const auto& ticket = std::get<Ticket>(read);
    room_id = ticket.room_id;
    pass.player_id = ticket.player_id;
    pass.role = ticket.role;
    pass.ticket = TicketTerms{.once = ticket.single_use ? std::optional(ticket.id) : std::nullopt,
                              .until_s = tickets_.until_s(ticket),
                              .now_s = now_s,
                              .seat = ticket.seat};
    return std::nullopt;
}

// What a fleet knows of a room that this node does not run.
Verdict Reception::not_here(const std::string& room_id, const Drop& otherwise) const {
    if (!fleet_.find) return otherwise;
    Directory::Found found = fleet_.find(room_id);
    switch (found.where) {
        case Directory::Where::nowhere: return otherwise;
        case Directory::Where::elsewhere: return Redirect{std::move(found.url), room_id};
        case Directory::Where::here:
        case Directory::Where::between: break;
    }
    return Drop{CloseCode::going_away, "the room is between two nodes"};
}

// The session is the permission, and draining rooms still have their players.
Verdict Reception::admit_back(const JoinRequest& join, std::int64_t now_ns) {
    RoomRecordPointer room = lobby_.find(std::string(join.room_id));
    // Handed over to the next process, which is still to come.
    if (!room && draining() && !options_.data_dir.empty() && !fleet_.find) return Drop{CloseCode::restarting, "the relay restarts"};
    auto claims = sessions_.read(join.room_id, join.session);
    if (claims && claims->role == wire::Role::Spectator) {
        Pass pass{.room = room, .player_id = {}, .role = claims->role, .reserved = false, .session = {}, .claims = claims, .ticket = {}};
        if (auto verdict = admit_to_mirror(std::string(join.room_id), pass, now_ns)) return *std::move(verdict);
    }
    if (!room) return not_here(std::string(join.room_id), {CloseCode::session_unknown, "the room is gone"});
    if (!claims) return Drop{CloseCode::session_unknown, "no session of this room"};
    if (bans_.holds(claims->player_id, room->id, now_ns) && !PLANTED(ban_by_session)) return Drop{CloseCode::banned, ""};
    const wire::Role role = claims->role;
    return Pass{.room = std::move(room), .player_id = {}, .role = role, .reserved = false, .session = {}, .claims = std::move(claims), .ticket = {}};
}

Lobby::Found Reception::list(const ListRequest& request) {
    if (request.metadata.empty()) return lobby_.search(request.type, nullptr, listing_max);
    const MetadataFilter wanted(request.metadata);
    return lobby_.search(request.type, [&](const Metadata& metadata) {
        std::call_once(metadata.once, [&] { metadata.read = read_metadata(metadata.text); });
        return wanted.matches(*metadata.read);
    }, listing_max);
}

}  // namespace tickrelay
