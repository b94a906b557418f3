// Tickets and session tokens as anyone may send them: the text as it is, and, behind the first byte, header and claims that are signed with
// the right key, so that what reads the claims is reached, too.
#include <cstdlib>
#include <string_view>

#include "relay/core/limits.h"
#include "relay/door/session_token.h"
#include "relay/door/ticket.h"
#include "tests/unit/door/signed_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickrelay;
  constexpr std::int64_t now = 1'700'000'000;
  static const SigningKey secret = test::key_of(test::secret);
  static const Tickets tickets(TicketKeys({{"", secret}, {"es", test::key_of(test::public_pem)}}), {.audience = "game"}, fill_random);
  static const Tickets open(TicketKeys({{"", secret}}), {}, fill_random);
  static SessionTokens sessions(secret);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)tickets.read(text, "room", now);
  const std::size_t line = std::min(text.find('\n'), size);
  const std::string both = test::part(std::string(text.substr(0, line))) + "." + test::part(std::string(text.substr(std::min(line + 1, size))));
  const auto read = open.read(test::sign(both, secret), "room", now);
  if (const auto* ticket = std::get_if<Ticket>(&read))
    if (ticket->room_id != "room" || ticket->player_id.empty() || ticket->expires_s + 10 < now) std::abort();
  if (sessions.read("room", text)) {
    Seat seat;  // only what this key made, and it makes the same again
    const auto claims = sessions.read("room", text);
    seat.number = claims->number;
    seat.role = claims->role;
    seat.session = claims->session;
    seat.player_id = claims->player_id;
    seat.options = claims->options;
    if (!sessions.read("room", sessions.make("room", claims->term, seat))) std::abort();
  }
  return 0;
}
