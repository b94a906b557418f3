// Why a connection is closed or an action refused. One table with schema/PROTOCOL.md, "Close codes" and "Label enums".
#pragma once

#include <cstdint>
#include <iterator>
#include <string_view>

namespace tickrelay {

enum class CloseCode : std::uint16_t {
    normal = 1000,
    // the client reconnects
    going_away = 4000,
    moved = 4001,
    restarting = 4002,
    server_error = 4003,
    not_acknowledged = 4004,
    overloaded = 4005,
    // the client stops and reports
    protocol_error = 4400,
    bad_ticket = 4401,
    forbidden = 4403,
    room_not_found = 4404,
    unknown_type = 4405,
    incompatible_schema = 4406,
    join_timeout = 4408,
    replaced = 4409,
    room_closed = 4410,
    session_unknown = 4411,
    message_too_large = 4413,
    room_locked = 4423,
    rate_limit = 4429,
    room_full = 4430,
    kicked = 4440,
    banned = 4441,
    logic_failed = 4450,
};

constexpr std::string_view label(CloseCode code) {
    switch (code) {
        case CloseCode::normal: return "left";
        case CloseCode::going_away: return "going_away";
        case CloseCode::moved: return "moved";
        case CloseCode::restarting: return "restarting";
        case CloseCode::server_error: return "server_error";
        case CloseCode::not_acknowledged: return "not_acknowledged";
        case CloseCode::overloaded: return "overloaded";
        case CloseCode::protocol_error: return "protocol_error";
        case CloseCode::bad_ticket: return "bad_ticket";
        case CloseCode::forbidden: return "forbidden";
        case CloseCode::room_not_found: return "room_not_found";
        case CloseCode::unknown_type: return "unknown_type";
        case CloseCode::incompatible_schema: return "incompatible_schema";
        case CloseCode::join_timeout: return "join_timeout";
        case CloseCode::replaced: return "replaced";
        case CloseCode::room_closed: return "room_closed";
        case CloseCode::session_unknown: return "session_unknown";
        case CloseCode::message_too_large: return "message_too_large";
        case CloseCode::room_locked: return "room_locked";
        case CloseCode::rate_limit: return "rate_limit";
        case CloseCode::room_full: return "room_full";
        case CloseCode::kicked: return "kicked";
        case CloseCode::banned: return "banned";
        case CloseCode::logic_failed: return "logic_failed";
    }
    return "server_error";
}

constexpr CloseCode close_codes[] = {
    CloseCode::normal,          CloseCode::going_away,     CloseCode::moved,          CloseCode::restarting,
    CloseCode::server_error,    CloseCode::not_acknowledged, CloseCode::overloaded,   CloseCode::protocol_error,
    CloseCode::bad_ticket,      CloseCode::forbidden,      CloseCode::room_not_found, CloseCode::unknown_type,
    CloseCode::incompatible_schema, CloseCode::join_timeout, CloseCode::replaced,     CloseCode::room_closed,
    CloseCode::session_unknown, CloseCode::message_too_large, CloseCode::room_locked, CloseCode::rate_limit,
    CloseCode::room_full,       CloseCode::kicked,         CloseCode::banned,         CloseCode::logic_failed,
};

// What was wrong with a ticket: the detail of a `bad_ticket`, and what it is counted as.
enum class TicketFault : std::uint8_t {
    none,
    missing,
    malformed,
    algorithm,
    unknown_key,
    bad_signature,
    not_yet_valid,
    expired,
    wrong_issuer,
    wrong_audience,
    wrong_room,
    wrong_seat,
    spent,
};
inline constexpr std::size_t ticket_faults = static_cast<std::size_t>(TicketFault::spent);  // without `none`

// On the wire: the label, and a few words after a comma.
constexpr std::string_view detail(TicketFault fault) {
    constexpr std::string_view details[] = {
        "",
        "ticket_missing, this relay asks for one: join by id",
        "ticket_malformed, no JWT with the claims room, sub and exp",
        "ticket_algorithm, not that of the key: HS256 or ES256",
        "ticket_unknown_key, no key of this kid",
        "ticket_bad_signature",
        "ticket_not_yet_valid, nbf or iat is to come",
        "ticket_expired, exp has passed",
        "ticket_wrong_issuer, iss is another",
        "ticket_wrong_audience, aud is another",
        "ticket_wrong_room, room is another",
        "ticket_wrong_seat, the player does not have that seat",
        "ticket_spent, it was good once",
    };
    static_assert(std::size(details) == ticket_faults + 1);
    return details[static_cast<std::size_t>(fault)];
}
constexpr std::string_view label(TicketFault fault) { return detail(fault).substr(0, detail(fault).find(',')); }

// A connection to be closed. `detail` must outlive the call that takes it: literals.
struct Drop {
    CloseCode code;
    std::string_view detail;
    TicketFault fault = TicketFault::none;  // of a bad_ticket
};
constexpr Drop bad_ticket(TicketFault fault) { return {CloseCode::bad_ticket, detail(fault), fault}; }

// Why one action was not done. The player hears of it in a Failure; nobody else is disturbed.
enum class Refusal : std::uint8_t {
    none,
    not_owner,
    not_allowed,
    no_such_entity,
    no_such_component,
    bad_value,
    bad_id,
    entity_exists,
    too_many_entities,
    too_many_messages,
    no_such_player,
    no_receiver,
    too_large,
};

constexpr std::string_view label(Refusal refusal) {
    constexpr std::string_view labels[] = {
        "none",     "not_owner",     "not_allowed",       "no_such_entity",    "no_such_component", "bad_value", "bad_id",
        "entity_exists", "too_many_entities", "too_many_messages", "no_such_player",    "no_receiver", "too_large",
    };
    return labels[static_cast<std::size_t>(refusal)];
}

}  // namespace tickrelay
