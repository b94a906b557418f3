#include "papers.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "faults.h"
#include "relay/core/check.h"

namespace tickrelay::sim {

namespace {

// Keys of nobody, made for this.
constexpr const char* secret = "a-secret-of-the-simulator-of-32-bytes-and-more";
constexpr const char* other_secret = "another-secret-of-the-simulator-that-no-relay-has";
constexpr const char* session_secret = "the-secret-of-sessions-of-the-simulator";
constexpr const char* public_pem = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9EueNWzom9xoIxxf3YIDgtkVu4Yg
MuKoRW2RTWVBxcTtjJSBUQeRG2NTxN77AaKVU1swXcV6ADLJX9CkUZ3byg==
-----END PUBLIC KEY-----
)";

constexpr std::int64_t leeway_s = 10;
constexpr std::int64_t hour_s = 3'600;

SigningKey key_of(const char* text) {
  auto read = SigningKey::read(text);
  CHECK(std::holds_alternative<SigningKey>(read));
  return std::get<SigningKey>(std::move(read));
}

TicketKeys keys() { return TicketKeys({{"", key_of(secret)}, {"es", key_of(public_pem)}}); }

// RFC 4648, section 5, without padding.
std::string base64url(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t bits = 0;
  int have = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<std::uint8_t>(byte);
    for (have += 8; have >= 6; have -= 6) text += digits[bits >> (have - 6) & 63];
  }
  if (have != 0) text += digits[bits << (6 - have) & 63];
  return text;
}

std::string name_of_role(wire::Role role) {
  return role == wire::Role::Player ? "player" : role == wire::Role::Spectator ? "spectator" : "authority";
}

enum class Flaw : std::uint8_t {
  none, expired, nearly_expired, to_come, other_room, other_key, unknown_key, no_algorithm, key_as_secret, changed, garbage, no_player, wrong_role, crit, count
};

}  // namespace

Papers::Papers(Random random)
    : tickets(keys(), {}, [](std::span<std::byte>) { throw Broken("the simulator writes its tickets itself"); }), random_(random),
      sessions_(key_of(session_secret)) {}

std::string Papers::sign(const std::string& header, const std::string& claims, std::string_view key) const {
  const std::string input = base64url(header) + "." + base64url(claims);
  return input + "." + base64url(key_of(std::string(key).c_str()).sign(input));
}

std::string Papers::write(const std::string& room, const std::string& player, wire::Role role, std::int64_t now_s, bool hostile) {
  const auto flaw = random_.chance(hostile ? 0.2 : 0.85) ? Flaw::none : static_cast<Flaw>(1 + random_.below(static_cast<std::uint64_t>(Flaw::count) - 1));
  Paper paper{.room = room, .player = player, .role = role, .expires_s = now_s + hour_s, .begins_s = now_s - hour_s, .once = random_.chance(0.7)};
  if (flaw == Flaw::expired) paper.expires_s = now_s - hour_s;
  if (flaw == Flaw::nearly_expired) paper.expires_s = now_s - leeway_s + random_.between(-2, 2);
  if (flaw == Flaw::to_come) paper.begins_s = now_s + leeway_s + random_.between(-2, 60);
  if (flaw == Flaw::other_room) paper.room = "elsewhere";
  if (flaw == Flaw::wrong_role) paper.fault = TicketFault::malformed;
  std::string claims = R"({"room":")" + paper.room + R"(","sub":")" + (flaw == Flaw::no_player ? "" : player) + R"(","role":")" +
                       (flaw == Flaw::wrong_role ? "king" : name_of_role(role)) + R"(","exp":)" + std::to_string(paper.expires_s) +
                       R"(,"nbf":)" + std::to_string(paper.begins_s);
  if (paper.once) claims += R"(,"jti":")" + std::to_string(random_.next()) + "\"";
  claims += "}";
  std::string header = R"({"alg":"HS256","typ":"JWT"})";
  std::string text;
  switch (flaw) {
    case Flaw::other_key: paper.fault = TicketFault::bad_signature, text = sign(header, claims, other_secret); break;
    case Flaw::unknown_key: paper.fault = TicketFault::unknown_key, text = sign(R"({"alg":"HS256","kid":"nobody's"})", claims, secret); break;
    case Flaw::no_algorithm: paper.fault = TicketFault::algorithm, text = base64url(R"({"alg":"none"})") + "." + base64url(claims) + "."; break;
    // The public key as a secret, which whoever believes the token's own algorithm would take.
    case Flaw::key_as_secret: paper.fault = TicketFault::algorithm, text = sign(R"({"alg":"HS256","kid":"es"})", claims, other_secret); break;
    case Flaw::crit: paper.fault = TicketFault::malformed, text = sign(R"({"alg":"HS256","crit":["exp"]})", claims, secret); break;
    case Flaw::no_player: paper.fault = TicketFault::malformed, text = sign(header, claims, secret); break;
    case Flaw::garbage: paper.fault = TicketFault::malformed, text = std::string(random_.between(1, 60), 'x'); break;
    default: text = sign(header, claims, secret);
  }
  if (flaw == Flaw::changed) {  // another player's name under the same signature
    const std::string other = sign(header, R"({"room":")" + room + R"(","sub":"mallory","exp":)" + std::to_string(paper.expires_s) + "}", secret);
    text = other.substr(0, other.rfind('.')) + text.substr(text.rfind('.'));
    paper.fault = TicketFault::bad_signature;
  }
  papers_[text] = paper;
  return text;
}

std::string Papers::copy(const std::string& room) {
  std::vector<const std::string*> texts;
  for (const auto& [text, paper] : papers_)
    if (paper.room == room && paper.fault == TicketFault::none) texts.push_back(&text);
  return texts.empty() ? std::string() : *random_.pick(texts);
}

std::string Papers::nothing() {
  papers_[""].fault = TicketFault::missing;
  return {};
}

const Paper* Papers::of(const std::string& text) const {
  const auto it = papers_.find(text);
  return it == papers_.end() ? nullptr : &it->second;
}

TicketFault Papers::judge(const std::string& text, const std::string& room, std::int64_t now_s) {
  if (text.empty()) return TicketFault::missing;
  const auto it = papers_.find(text);
  SIM_REQUIRE(it != papers_.end(), "a ticket that nobody wrote");
  Paper& paper = it->second;
  ++paper.shown;
  if (paper.fault != TicketFault::none) return paper.fault;
  if (now_s > paper.expires_s + leeway_s) return TicketFault::expired;
  if (now_s < paper.begins_s - leeway_s) return TicketFault::not_yet_valid;
  if (!room.empty() && room != paper.room) return TicketFault::wrong_room;
  return TicketFault::none;
}

std::string Papers::make(std::string_view room_id, std::uint32_t term, const Seat& seat) {
  std::string token = sessions_.make(room_id, term, seat);
  tokens_.emplace(room_id, token);
  return token;
}

std::optional<SessionClaims> Papers::read(std::string_view room_id, std::string_view token) {
  auto claims = sessions_.read(room_id, token);
  const bool made = tokens_.contains({std::string(room_id), std::string(token)});
  SIM_REQUIRE(claims.has_value() == made, made ? "a session that the relay made is none" : "a session that the relay did not make for this room");
  forged_sessions += !made;
  return claims;
}

}  // namespace tickrelay::sim
