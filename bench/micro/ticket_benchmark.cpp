// What a join costs the loop's thread for its ticket, and a Resume for its session: once a connection, never for a message.
#include <benchmark/benchmark.h>

#include "relay/door/session_token.h"
#include "relay/door/ticket.h"

namespace tickrelay {
namespace {

constexpr std::int64_t now = 1'700'000'000;

constexpr const char* private_pem = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgE+vM12jrueQ8UCzp
DJaS3qhpj4LhV8FBULexHfJSNy6hRANCAAT0S541bOib3GgjHF/dggOC2RW7hiAy
4qhFbZFNZUHFxO2MlIFRB5EbY1PE3vsBopVTWzBdxXoAMslf0KRRndvK
-----END PRIVATE KEY-----
)";

SigningKey key(Algorithm algorithm) {
    return algorithm == Algorithm::hs256 ? SigningKey::random() : std::get<SigningKey>(SigningKey::read(private_pem));
}

const Ticket ticket{.room_id = "room-7", .player_id = "ada", .role = wire::Role::Player, .expires_s = now + 60};

void ticket_read(benchmark::State& state, Algorithm algorithm) {
    const Tickets tickets(TicketKeys({{"2026", key(algorithm)}}), {.audience = "game", .issuer = "us"}, fill_random);
    const std::string text = *tickets.issue(ticket, now);
    for (auto _ : state) benchmark::DoNotOptimize(std::get<Ticket>(tickets.read(text, "room-7", now)));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(ticket_read, hs256, Algorithm::hs256);
BENCHMARK_CAPTURE(ticket_read, es256, Algorithm::es256);

void ticket_issue(benchmark::State& state, Algorithm algorithm) {
    const Tickets tickets(TicketKeys({{"2026", key(algorithm)}}), {}, fill_random);
    for (auto _ : state) benchmark::DoNotOptimize(tickets.issue(ticket, now));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(ticket_issue, hs256, Algorithm::hs256);
BENCHMARK_CAPTURE(ticket_issue, es256, Algorithm::es256);

void session_token(benchmark::State& state) {
    SessionTokens tokens(SigningKey::random());
    Seat seat;
    seat.number = 7;
    seat.session = "0123456789abcdef";
    seat.player_id = "ada";
    for (auto _ : state) benchmark::DoNotOptimize(tokens.read("room-7", tokens.make("room-7", 1, seat)));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(session_token);

}  // namespace
}  // namespace tickrelay
