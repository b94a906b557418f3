#include "relay/reception.h"

#include <algorithm>
#include <array>

#include "relay/door/metadata.h"

namespace tickrelay {

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::size_t listing_max = 256;  // rooms that a client is told of at once
constexpr std::size_t session_bytes = 16;

bool is_player(wire::Role role) { return role == wire::Role::Player; }

std::uint64_t random_number() {
    std::uint64_t number = 0;
    fill_random(std::as_writable_bytes(std::span(&number, 1)));
    return number;
}

}  // namespace

std::string random_name(std::size_t bytes) {
    std::vector<std::byte> random(bytes);
    fill_random(random);
    std::string text;
    for (const std::byte byte : random) {
        text += "0123456789abcdef"[static_cast<std::uint8_t>(byte) >> 4];
        text += "0123456789abcdef"[static_cast<std::uint8_t>(byte) & 15];
    }
    return text;
}

Reception::Reception(const Options& options, Lobby& lobby, Tickets& tickets, LogicCatalogue logics)
    : options_(options), lobby_(lobby), tickets_(tickets), logics_(std::move(logics)),
      types_(std::make_shared<RoomTypes>(built_in_types())) {}

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
    if (draining()) {
        refused = CloseCode::restarting;
        return nullptr;
    }
    if (lobby_.size() >= options_.quota_rooms) {
        refused = CloseCode::overloaded;
        return nullptr;
    }
    refused = CloseCode::normal;
    return lobby_.create(std::move(settings), std::move(logic), now_ns, random_number(), existing);
}

std::variant<Pass, Drop> Reception::admit(const JoinRequest& join, std::int64_t now_ns) {
    if (join.mode == wire::JoinMode::Resume || join.mode == wire::JoinMode::Shield) {  // the session is the permission, and draining rooms still have their players
        RoomRecordPointer room = lobby_.find(std::string(join.room_id));
        if (!room) return Drop{CloseCode::session_unknown, "the room is gone"};
        return Pass{.room = std::move(room), .player_id = {}, .role = join.role, .reserved = false, .session = {}};
    }
    if (draining()) return Drop{CloseCode::restarting, "the relay is draining"};
    if (!join.player_id.empty() && !valid_name(join.player_id)) return Drop{CloseCode::protocol_error, "player_id is no printable text"};
    if (!join.options.empty() && !is_json_object(join.options)) return Drop{CloseCode::protocol_error, "options are no JSON object"};
    if (!join.metadata.empty() && !is_json_object(join.metadata))
        return Drop{CloseCode::protocol_error, "metadata is no JSON object"};
    if (join.role == wire::Role::Authority && join.ticket.empty() && !options_.dev)
        return Drop{CloseCode::forbidden, "role authority needs a ticket"};
    if (join.mode == wire::JoinMode::ById) return admit_by_id(join, now_ns);
    if (options_.auth == Auth::tickets && !options_.dev) return Drop{CloseCode::bad_ticket, "this relay asks for a ticket: join by id"};
    return admit_by_type(join, now_ns);
}

std::variant<Pass, Drop> Reception::admit_by_type(const JoinRequest& join, std::int64_t now_ns) {
    const auto all = types();
    const auto type = all->find(join.type);
    if (type == all->end()) return Drop{CloseCode::unknown_type, "no room type of that name is configured"};
    Pass pass{.room = nullptr, .player_id = std::string(join.player_id), .role = join.role, .reserved = true, .session = random_name(session_bytes)};
    if (join.mode != wire::JoinMode::Create) pass.room = lobby_.reserve_by_type(type->first, is_player(join.role));
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

std::variant<Pass, Drop> Reception::admit_by_id(const JoinRequest& join, std::int64_t now_ns) {
    Pass pass{.room = lobby_.find(std::string(join.room_id)),
              .player_id = std::string(join.player_id),
              .role = join.role,
              .reserved = true,
              .session = random_name(session_bytes)};
    if (!pass.room) return Drop{CloseCode::room_not_found, "no room of that id"};
    if (join.ticket.empty()) {
        if (options_.auth == Auth::tickets && !options_.dev) return Drop{CloseCode::bad_ticket, "a ticket is missing"};
    } else {
        const auto ticket = tickets_.spend(join.ticket, join.room_id, now_ns / ms);
        if (!ticket) return Drop{CloseCode::bad_ticket, "unknown, spent, expired or for another room"};
        if (!ticket->player_id.empty()) pass.player_id = ticket->player_id;
        pass.role = ticket->role;
    }
    if (banned(pass.room->id, pass.player_id, now_ns)) return Drop{CloseCode::banned, ""};
    if (const auto code = lobby_.reserve(pass.room, is_player(pass.role))) {
        // A full room still takes back a player who has a seat: its worker knows.
        if (*code != CloseCode::room_full || pass.player_id.empty()) return Drop{*code, ""};
        pass.reserved = false;
    }
    return pass;
}

void Reception::ban(const std::string& room_id, const std::string& player_id, std::int64_t until_ns) {
    constexpr std::size_t bans_max = 65'536;
    const std::scoped_lock lock(mutex_);
    if (bans_.size() >= bans_max) bans_.erase(std::ranges::min_element(bans_, {}, [](const auto& ban) { return ban.second; }));
    bans_[{room_id, player_id}] = until_ns;
}

bool Reception::banned(const std::string& room_id, std::string_view player_id, std::int64_t now_ns) {
    const std::scoped_lock lock(mutex_);
    const auto ban = bans_.find({room_id, std::string(player_id)});
    if (ban == bans_.end()) return false;
    if (ban->second > now_ns) return true;
    bans_.erase(ban);
    return false;
}

std::vector<RoomListing> Reception::list(const ListRequest& request) {
    return lobby_.list(
        [&](const RoomRecord& room) {
            return !room.is_private && (request.type.empty() || room.type == request.type) &&
                   metadata_matches(room.metadata, request.metadata);
        },
        listing_max);
}

}  // namespace tickrelay
