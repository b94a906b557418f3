// Who gets which seat at a worker: by ticket, by session, by player id.

#include <gtest/gtest.h>

#include <new>

#include "one_relay.h"

namespace tickrelay {
namespace {

using test::OneRelay;

struct Joins : testing::Test {
  static RoomSettings settings(std::uint32_t players) {
    RoomSettings settings;
    settings.max_players = players;
    settings.grace_ms = 1'000;
    return settings;
  }
  // The close code of a join; normal where it got a seat.
  CloseCode join(SocketId socket, const char* player_id, std::optional<TicketTerms> ticket = std::nullopt) {
    relay.gate.ticket = std::move(ticket);
    relay.open_and_join(socket, player_id);
    relay.gate.ticket.reset();
    relay.step();
    return code_of(socket);
  }
  CloseCode code_of(SocketId socket) {
    return relay.sockets.closed.contains(socket) ? relay.sockets.closed.at(socket).code : CloseCode::normal;
  }
  CloseCode resume(SocketId socket, const char* session) {
    relay.loop.opened(socket);
    relay.join(socket, "", wire::JoinMode::Resume, session);
    relay.step();
    return code_of(socket);
  }
  std::uint64_t refused(TicketFault fault) { return relay.worker_stats.refused(fault).read(); }

  OneRelay relay{settings(2)};
  const TicketTerms once{.once = TicketId{1}, .until_s = 100, .now_s = 0, .seat = 0};
};

TEST_F(Joins, a_single_use_ticket_gives_one_seat_though_both_come_at_once) {
  relay.gate.ticket = once;
  relay.open_and_join(1, "ada");
  relay.open_and_join(2, "bob");
  relay.step();
  EXPECT_EQ(code_of(1), CloseCode::normal);
  EXPECT_EQ(code_of(2), CloseCode::bad_ticket);
  EXPECT_EQ(relay.sockets.closed.at(2).detail, "ticket_spent, it was good once");
  EXPECT_EQ(refused(TicketFault::spent), 1U);
  EXPECT_EQ(relay.worker_stats.refused(CloseCode::bad_ticket).read(), 0U) << "counted once";
  EXPECT_EQ(relay.room()->seats().size(), 1U);
  EXPECT_EQ(relay.gate.room->seats_taken, 1U) << "what it had reserved is free again";
}

TEST_F(Joins, a_refused_join_does_not_cost_the_ticket) {
  ASSERT_EQ(join(1, "ada"), CloseCode::normal);
  ASSERT_EQ(join(2, "bob"), CloseCode::normal);
  EXPECT_EQ(join(3, "eve", once), CloseCode::room_full);
  relay.room()->kick(1, "enough");
  relay.step();
  EXPECT_EQ(join(4, "eve", once), CloseCode::normal);
  EXPECT_EQ(join(5, "eve", once), CloseCode::bad_ticket);
}

TEST_F(Joins, a_ticket_that_names_a_seat_takes_that_over_and_makes_none) {
  TicketTerms seat{.once = {}, .until_s = 100, .now_s = 0, .seat = 1};
  EXPECT_EQ(join(1, "ada", seat), CloseCode::bad_ticket) << "nobody sits there";
  EXPECT_EQ(refused(TicketFault::wrong_seat), 1U);
  ASSERT_EQ(join(2, "ada"), CloseCode::normal);
  EXPECT_EQ(join(3, "bob", seat), CloseCode::bad_ticket) << "it is ada's";
  seat.seat = 2;
  EXPECT_EQ(join(4, "ada", seat), CloseCode::bad_ticket);
  seat.seat = 1;
  EXPECT_EQ(join(5, "ada", seat), CloseCode::normal);
  EXPECT_EQ(code_of(2), CloseCode::replaced);
  EXPECT_EQ(relay.room()->seats().size(), 1U);
  EXPECT_EQ(relay.gate.room->seats_taken, 1U);
}

TEST_F(Joins, a_room_that_remembers_too_many_tickets_takes_no_further_one) {
  ASSERT_EQ(join(1, "ada"), CloseCode::normal);
  for (std::size_t i = 0; i < limits::spent_tickets_max; ++i) {
    TicketId id{};
    std::memcpy(id.data() + 4, &i, sizeof i);
    relay.room()->spent_tickets().spend(id, 50, 0);
  }
  EXPECT_EQ(join(2, "bob", once), CloseCode::overloaded) << "which reconnects";
  TicketTerms later = once;
  later.now_s = 51;
  EXPECT_EQ(join(3, "bob", later), CloseCode::normal);
}

TEST_F(Joins, who_takes_a_seat_over_by_its_player_id_ends_the_session_before) {
  ASSERT_EQ(join(1, "ada"), CloseCode::normal);
  ASSERT_EQ(join(2, "ada"), CloseCode::normal);
  EXPECT_EQ(code_of(1), CloseCode::replaced);
  EXPECT_EQ(resume(3, "session-1"), CloseCode::session_unknown) << "two tabs do not fight";
  EXPECT_EQ(code_of(2), CloseCode::normal);
  EXPECT_EQ(resume(4, "session-2"), CloseCode::normal);
  EXPECT_EQ(code_of(2), CloseCode::replaced);
}

TEST_F(Joins, a_player_does_not_become_the_authority_by_its_name) {
  relay.loop.opened(1);
  relay.send(1, wire::Body::Join, [&](auto& b) {
    return wire::CreateJoinDirect(b, 1, wire::JoinMode::ById, relay.gate.room->id.c_str(), "arena", "server", wire::Role::Authority);
  });
  relay.step();
  ASSERT_EQ(code_of(1), CloseCode::normal);
  EXPECT_EQ(join(2, "server"), CloseCode::forbidden);
  EXPECT_EQ(code_of(1), CloseCode::normal);
  EXPECT_EQ(relay.gate.room->seats_taken, 0U);
}

// The room comes back from a checkpoint that is older than bob.
struct LostJoins : Joins {
  LostJoins() {
    join(1, "ada");
    CheckpointWriter writer;
    const auto bytes = writer.write(*relay.room());
    kept.assign(bytes.begin(), bytes.end());
    after.gate.room = after.lobby.restore(std::get<SavedRoomPointer>(read_checkpoint(kept)), {.term = 2, .tick = relay.room()->tick(), .lost_ticks = 9},
                                          built_in_logic("relay"), after.sockets.now);
    after.worker.place_of(after.gate.room, after.sockets.now);
  }
  CloseCode resume(SocketId socket, SessionClaims claims) {
    after.sessions.claims = std::move(claims);
    after.loop.opened(socket);
    after.join(socket, "", wire::JoinMode::Resume, "signed");
    after.step();
    return after.sockets.closed.contains(socket) ? after.sockets.closed.at(socket).code : CloseCode::normal;
  }
  std::vector<std::byte> kept;
  OneRelay after{[] {
    RoomSettings other;
    other.id = "unused";
    return other;
  }()};
  const SessionClaims bob{.term = 1, .number = 2, .role = wire::Role::Player, .session = "bobs", .player_id = "bob", .options = R"({"hat":1})"};
};

TEST_F(LostJoins, a_seat_that_a_crash_took_is_made_again_from_its_session) {
  ASSERT_EQ(resume(1, bob), CloseCode::normal);
  const Seat* seat = after.room()->find(2);
  ASSERT_NE(seat, nullptr);
  EXPECT_EQ(seat->player_id, "bob");
  EXPECT_EQ(seat->options, R"({"hat":1})");
  EXPECT_TRUE(seat->connected());
  EXPECT_EQ(after.gate.room->seats_taken, 2U);
  EXPECT_EQ(after.worker_stats.players.read(), 2);
  EXPECT_EQ(resume(2, bob), CloseCode::normal) << "the same seat, found this time";
  EXPECT_EQ(after.sockets.closed.at(1).code, CloseCode::replaced);
  EXPECT_EQ(after.gate.room->seats_taken, 2U);
  after.room()->kick(2, "enough");
  after.step();
  EXPECT_EQ(resume(3, bob), CloseCode::session_unknown) << "and not once it has ended here";
}

TEST_F(LostJoins, a_seat_is_made_again_where_the_room_is_locked_and_not_where_it_is_full) {
  const bool locked = true;
  after.lobby.update(after.gate.room, nullptr, nullptr, &locked, nullptr);
  EXPECT_EQ(resume(1, bob), CloseCode::normal);
  SessionClaims eve = bob;
  eve.number = 3;
  eve.player_id = "eve";
  EXPECT_EQ(resume(2, eve), CloseCode::room_full);
}

TEST_F(LostJoins, no_seat_is_made_of_a_session_that_ended_or_whose_player_is_here) {
  SessionClaims claims = bob;
  claims.term = 2;
  EXPECT_EQ(resume(1, claims), CloseCode::session_unknown) << "of this term";
  claims = bob;
  claims.player_id = "ada";
  EXPECT_EQ(resume(2, claims), CloseCode::session_unknown) << "ada has a seat";
  claims = bob;
  claims.number = 1;
  EXPECT_EQ(resume(3, claims), CloseCode::session_unknown) << "another's seat";
  claims.number = 1'000'000;
  EXPECT_EQ(resume(4, claims), CloseCode::session_unknown) << "never given";
  EXPECT_EQ(after.worker_stats.resumes(ResumeResult::session_unknown).read(), 4U);
  EXPECT_EQ(after.gate.room->seats_taken, 1U);
}

// ---------------------------------------------------------------------------------------------- logics that fail

struct Thrower final : Logic {
  void on_open(Room&, const Seat&) override { throw 42; }
};

TEST(FailingLogics, may_throw_anything_and_cost_their_room_alone) {
  OneRelay relay(Joins::settings(2), [] { return std::make_unique<Thrower>(); });
  relay.open_and_join(1, "ada");
  relay.step();
  ASSERT_TRUE(relay.sockets.closed.contains(1));
  EXPECT_EQ(relay.sockets.closed.at(1).code, CloseCode::logic_failed);
  EXPECT_EQ(relay.room(), nullptr);
  EXPECT_EQ(relay.lobby.size(), 0U);
}

// Who asked for a room that cannot be made learns why, and so does who comes behind.
CloseCode refusal_without(LogicFactory factory) {
  OneRelay relay(Joins::settings(2), std::move(factory));
  relay.open_and_join(1, "ada");
  relay.open_and_join(2, "bob");
  relay.step();
  EXPECT_EQ(relay.room(), nullptr);
  EXPECT_EQ(relay.lobby.size(), 0U);
  EXPECT_EQ(relay.gate.room->seats_taken, 0U);
  if (!relay.sockets.closed.contains(1) || !relay.sockets.closed.contains(2)) return CloseCode::normal;
  EXPECT_EQ(relay.sockets.closed.at(1).code, relay.sockets.closed.at(2).code);
  EXPECT_EQ(relay.worker_stats.refused(relay.sockets.closed.at(1).code).read(), 2U);
  return relay.sockets.closed.at(1).code;
}

TEST(FailingLogics, that_cannot_be_made_refuse_who_comes) {
  EXPECT_EQ(refusal_without([]() -> std::unique_ptr<Logic> { throw "not today"; }), CloseCode::logic_failed);
  EXPECT_EQ(refusal_without([]() -> std::unique_ptr<Logic> { throw std::bad_alloc(); }), CloseCode::overloaded);
}

TEST(RefusedActions, are_counted_by_reason) {
  OneRelay relay(Joins::settings(2));
  relay.open_and_join(1, "ada");
  relay.step();
  relay.send(1, wire::Body::Update, [](auto& b) {
    const std::vector<flatbuffers::Offset<wire::Action>> actions = {wire::CreateAction(b, wire::ActionKind::Despawn, 0, 0, 1, 999)};
    return wire::CreateUpdate(b, nullptr, b.CreateVector(actions));
  });
  relay.step();
  EXPECT_EQ(relay.worker_stats.refused(Refusal::no_such_entity).read(), 1U);
}

}  // namespace
}  // namespace tickrelay
