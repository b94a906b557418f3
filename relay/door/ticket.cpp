#include "relay/door/ticket.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "relay/core/limits.h"
#include "relay/core/plant.h"
#include "relay/door/base64.h"
#include "relay/door/json.h"
#include "relay/door/room_keys.h"

namespace tickrelay {

using nlohmann::json;

namespace {

constexpr std::array<std::string_view, 3> roles = {"player", "spectator", "authority"};
constexpr std::size_t jti_bytes = 12;
constexpr std::size_t text_claim_max = 256;  // jti, aud, iss, kid
constexpr double time_max_s = 9e15;          // a double counts seconds exactly up to here

// One part of a token as JSON; discarded where it is none. Strict: only the alphabet of RFC 7515.
json object_of(std::string_view part) {
    const bool plain = std::ranges::all_of(part, [](char c) { return c != '+' && c != '/' && c != '='; });
    const auto text = plain ? decode_base64(part) : std::nullopt;
    json value = text ? parse_json(*text) : json(json::value_t::discarded);
    return value.is_object() ? value : json(json::value_t::discarded);
}

std::string encode_part(const json& value) { return encode_base64url(bytes_of(value.dump())); }

struct Token {
    json header;
    std::string_view signed_part;  // header and claims, as they came
    std::string_view claims;
    std::string signature;
};

std::optional<Token> split(std::string_view text) {
    if (text.size() > limits::ticket_bytes_max) return std::nullopt;
    const auto first = text.find('.');
    const auto second = text.find('.', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos)
        return std::nullopt;
    Token token{object_of(text.substr(0, first)), text.substr(0, second), text.substr(first + 1, second - first - 1), {}};
    const std::string_view signature = text.substr(second + 1);
    auto decoded = decode_base64(signature);
    // A `crit` names what must be understood, and nothing is. One spelling of a signature, so that nothing rides along.
    if (token.header.is_discarded() || token.header.contains("crit") || !decoded || encode_base64url(bytes_of(*decoded)) != signature)
        return std::nullopt;
    token.signature = std::move(*decoded);
    return token;
}

// The text of a claim; empty where there is none. False: it is there, and no text.
bool text_of(const json& object, const char* name, std::optional<std::string>& text) {
    const auto found = object.find(name);
    if (found == object.end()) return true;
    if (!found->is_string() || found->get_ref<const std::string&>().size() > text_claim_max) return false;
    text = found->get<std::string>();
    return true;
}

bool time_of(const json& object, const char* name, std::optional<double>& time_s) {
    const auto found = object.find(name);
    if (found == object.end()) return true;
    if (!found->is_number()) return false;
    time_s = found->get<double>();
    return std::isfinite(*time_s) && std::abs(*time_s) <= time_max_s;
}

bool role_of(const json& claims, wire::Role& role) {
    std::optional<std::string> name;
    if (!text_of(claims, "role", name)) return false;
    const auto found = std::ranges::find(roles, name.value_or("player"));
    if (found == roles.end()) return false;
    role = static_cast<wire::Role>(found - roles.begin());
    return true;
}

bool seat_of(const json& claims, std::uint32_t& seat) {
    const auto found = claims.find("seat");
    if (found == claims.end()) return true;
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() == 0 || found->get<std::uint64_t>() > ~0U) return false;
    seat = found->get<std::uint32_t>();
    return true;
}

// `aud` is a text or a list of them.
bool names(const json& claims, const std::string& audience) {
    const auto found = claims.find("aud");
    if (found == claims.end()) return false;
    return found->is_array() ? std::ranges::find(*found, json(audience)) != found->end() : *found == json(audience);
}

TicketId id_of(const std::string& kid, const std::string& jti) {
    const Digest digest = sha256(kid + '\0' + jti);
    TicketId id;
    std::copy_n(digest.begin(), id.size(), id.begin());
    return id;
}

TicketFault fault_of_time(std::optional<double> exp, std::optional<double> nbf, std::optional<double> iat, std::int64_t now_s,
                          std::int64_t leeway_s) {
    const auto now = static_cast<double>(now_s), leeway = static_cast<double>(leeway_s);
    if (now > *exp + leeway && !PLANTED(ticket_lives_on)) return TicketFault::expired;
    if (now < std::max(nbf.value_or(now), iat.value_or(now)) - leeway) return TicketFault::not_yet_valid;
    return TicketFault::none;
}

}  // namespace

Tickets::Tickets(TicketKeys keys, TicketRules rules, Random random)
    : random_(std::move(random)), set_(std::make_shared<const Set>(Set{std::move(keys), std::move(rules)})) {}

void Tickets::use(TicketKeys keys, TicketRules rules) {
    auto fresh = std::make_shared<const Set>(Set{std::move(keys), std::move(rules)});
    const std::lock_guard lock(mutex_);
    set_.swap(fresh);
}

std::shared_ptr<const Tickets::Set> Tickets::set() const {
    const std::lock_guard lock(mutex_);
    return set_;
}

std::optional<std::string> Tickets::issue(const Ticket& ticket, std::int64_t now_s) const {
    const auto with = set();
    const TicketKeys::Named* named = with->keys.signing();
    if (named == nullptr) return std::nullopt;
    json header{{"alg", name_of(named->key.algorithm())}, {"typ", "JWT"}};
    if (!named->kid.empty()) header["kid"] = named->kid;
    json claims{{"room", ticket.room_id},
                {"sub", ticket.player_id},
                {"role", roles[static_cast<std::size_t>(ticket.role)]},
                {"iat", now_s},
                {"exp", ticket.expires_s}};
    if (ticket.seat != 0) claims["seat"] = ticket.seat;
    if (!with->rules.audience.empty()) claims["aud"] = with->rules.audience;
    if (!with->rules.issuer.empty()) claims["iss"] = with->rules.issuer;
    if (ticket.single_use) {
        std::byte random[jti_bytes];
        random_(random);
        claims["jti"] = encode_base64url(random);
    }
    const std::string input = encode_part(header) + "." + encode_part(claims);
    return input + "." + encode_base64url(bytes_of(named->key.sign(input)));
}

std::int64_t Tickets::until_s(const Ticket& ticket) const { return ticket.expires_s + set()->rules.leeway_s; }

// The key is found and has its say before a claim is looked at.
std::variant<Ticket, TicketFault> Tickets::read(std::string_view text, std::string_view room_id, std::int64_t now_s) const {
    const auto token = split(text);
    if (!token) return TicketFault::malformed;
    const auto with = set();
    std::optional<std::string> algorithm, kid;
    if (!text_of(token->header, "alg", algorithm) || !text_of(token->header, "kid", kid)) return TicketFault::malformed;
    const bool believed = PLANTED(any_algorithm) && algorithm == "none";
    if (!believed && algorithm != name_of(Algorithm::hs256) && algorithm != name_of(Algorithm::es256)) return TicketFault::algorithm;
    const TicketKeys::Named* named = with->keys.find(kid);
    if (named == nullptr) return TicketFault::unknown_key;
    if (!believed && algorithm != name_of(named->key.algorithm())) return TicketFault::algorithm;
    if (!believed && !named->key.verify(token->signed_part, token->signature)) return TicketFault::bad_signature;

    const json claims = object_of(token->claims);
    if (claims.is_discarded()) return TicketFault::malformed;
    Ticket ticket;
    std::optional<std::string> room, player, jti, issuer;
    std::optional<double> exp, nbf, iat;
    const bool fits = text_of(claims, "room", room) && text_of(claims, "sub", player) && text_of(claims, "jti", jti) &&
                      text_of(claims, "iss", issuer) && time_of(claims, "exp", exp) && time_of(claims, "nbf", nbf) &&
                      time_of(claims, "iat", iat) && role_of(claims, ticket.role) && seat_of(claims, ticket.seat);
    if (!fits || !room || !player || !exp || !valid_name(*player) || (jti && jti->empty())) return TicketFault::malformed;
    if (const TicketFault fault = fault_of_time(exp, nbf, iat, now_s, with->rules.leeway_s); fault != TicketFault::none) return fault;
    if (!with->rules.issuer.empty() && issuer != with->rules.issuer) return TicketFault::wrong_issuer;
    if (!with->rules.audience.empty() && !names(claims, with->rules.audience)) return TicketFault::wrong_audience;
    if (!room_id.empty() && *room != room_id && !PLANTED(any_room)) return TicketFault::wrong_room;
    ticket.room_id = std::move(*room);
    ticket.player_id = std::move(*player);
    ticket.expires_s = static_cast<std::int64_t>(std::ceil(*exp));
    ticket.single_use = jti.has_value();
    if (jti) ticket.id = id_of(named->kid, *jti);
    return ticket;
}

}  // namespace tickrelay
