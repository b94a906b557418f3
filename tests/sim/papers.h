// What players show at the door: tickets as any match server can write them, right and wrong, and session tokens. Says itself what the
// relay must answer, from PROTOCOL.md ("Tickets") alone. Owner: the simulation.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "random.h"
#include "relay/door/session_token.h"
#include "relay/door/ticket.h"

namespace tickrelay::sim {

// One ticket, and what is wrong with it whatever the time.
struct Paper {
  TicketFault fault = TicketFault::none;
  std::string room;
  std::string player;
  wire::Role role = wire::Role::Player;
  std::int64_t expires_s = 0;
  std::int64_t begins_s = 0;
  bool once = false;
  std::uint64_t shown = 0;  // at the door
};

class Papers final : public Sessions {
 public:
  explicit Papers(Random random);

  // A ticket's text. Most are good; `hostile`: few.
  std::string write(const std::string& room, const std::string& player, wire::Role role, std::int64_t now_s, bool hostile);
  // One that was written before, for this room where there is one.
  std::string copy(const std::string& room);
  // A join without one, where one is asked for.
  std::string nothing();
  [[nodiscard]] const Paper* of(const std::string& text) const;
  // What the door must find wrong with it; a join that names a room, or none.
  TicketFault judge(const std::string& text, const std::string& room, std::int64_t now_s);

  // The relay's own sessions; a token is good where it was made for.
  std::string make(std::string_view room_id, std::uint32_t term, const Seat& seat) override;
  std::optional<SessionClaims> read(std::string_view room_id, std::string_view token) override;

  Tickets tickets;
  std::uint64_t forged_sessions = 0;

 private:
  [[nodiscard]] std::string sign(const std::string& header, const std::string& claims, std::string_view key) const;

  Random random_;
  SessionTokens sessions_;
  std::map<std::string, Paper> papers_;  // by text
  std::set<std::pair<std::string, std::string>> tokens_;  // room, text
};

}  // namespace tickrelay::sim
