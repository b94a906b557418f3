#include <gtest/gtest.h>

#include "one_relay.h"

namespace tickrelay {
namespace {

using test::ms;
using test::OneRelay;

struct FakeGuard final : Guard {
  FakeGuard() { messages_per_s = 100, bytes_per_s = 65'536, first_message_ms = 3'000; }
  std::optional<Drop> join(const PeerAddress&, std::int64_t) override {
    return open ? std::nullopt : std::optional(Drop{CloseCode::rate_limit, "too many joins from this address"});
  }
  void refused(const PeerAddress&, std::string_view reason, std::string_view, std::int64_t) override { reasons.emplace_back(reason); }
  bool open = true;
  std::vector<std::string> reasons;
};

RoomSettings many_seats(std::uint32_t max_players) {
  RoomSettings settings;
  settings.max_players = max_players;
  return settings;
}

struct LoopQuota : testing::Test {
  FakeGuard guard;
  OneRelay relay{many_seats(1'000), built_in_logic("relay"), &guard};

  void ping(SocketId socket) {
    relay.send(socket, wire::Body::Ping, [&](auto& b) { return wire::CreatePing(b, 7); });
  }
  // Pings as a kernel hands them out: not while the socket is paused. Returns how many were read.
  int ping_for(SocketId socket, std::int64_t for_ns, int each_ms) {
    int read = 0;
    for (const std::int64_t until = relay.sockets.now + for_ns; relay.sockets.now < until; relay.step())
      for (int i = 0; i < each_ms && !relay.sockets.paused[socket]; ++i) ping(socket), ++read;
    return read;
  }
};

TEST_F(LoopQuota, a_flooder_is_read_at_its_rate_and_not_closed) {
  relay.loop.opened(3);
  relay.join(3);
  relay.step();
  const int burst = ping_for(3, 1'000 * ms, 50);
  EXPECT_NEAR(burst, 100 * 3, 12) << "two seconds' worth at once, and this second's";
  EXPECT_NEAR(ping_for(3, 5'000 * ms, 50), 500, 12);
  EXPECT_TRUE(relay.sockets.closed.empty());
  EXPECT_GT(relay.loop_stats.throttled.read(), 5U);
  ping_for(3, 100 * ms, 0);
  EXPECT_FALSE(relay.sockets.paused[3]) << "it is read again as soon as it has paid";
}

TEST_F(LoopQuota, who_stays_below_the_quota_is_never_paused) {
  relay.loop.opened(3);
  relay.join(3);
  relay.step();
  for (int i = 0; i < 2'000; ++i) ping(3), relay.step(11 * ms);
  EXPECT_EQ(relay.sockets.paused.count(3), 0U);
}

TEST_F(LoopQuota, bytes_count_as_well_as_messages) {
  relay.loop.opened(3);
  relay.join(3);
  relay.step();
  std::vector<std::uint8_t> large(16'000);
  const auto say = [&] {
    relay.send(3, wire::Body::Update, [&](auto& b) {
      static std::uint32_t seq = 0;
      const auto message = wire::CreateActionDirect(b, wire::ActionKind::Message, 0, 0, ++seq, 0, 0, &large, "x");
      const auto actions = b.CreateVector(&message, 1);
      return wire::CreateUpdate(b, nullptr, actions);
    });
  };
  int said = 0;
  for (int i = 0; i < 10'000; ++i) {
    if (!relay.sockets.paused[3]) say(), ++said;
    relay.step();
  }
  EXPECT_NEAR(said, 65'536 * 12 / 16'100, 4) << "ten seconds and a burst of two";
  EXPECT_TRUE(relay.sockets.closed.empty());
}

TEST_F(LoopQuota, bytes_that_are_no_message_close_where_they_cannot_be_slowed) {
  relay.loop.opened(3);
  relay.join(3);
  relay.step();
  relay.loop.overhead(3, 65'536 * 4);
  EXPECT_TRUE(relay.sockets.paused[3]);
  EXPECT_TRUE(relay.sockets.closed.empty());
  relay.loop.overhead(3, 65'536 * 7);
  ASSERT_TRUE(relay.sockets.closed.contains(3));
  EXPECT_EQ(relay.sockets.closed[3].code, CloseCode::rate_limit);
  EXPECT_EQ(guard.reasons, std::vector<std::string>{"rate_limit"});
}

TEST_F(LoopQuota, a_reload_counts_within_a_sweep) {
  relay.loop.opened(3);
  relay.join(3);
  relay.step();
  guard.messages_per_s = 0, guard.bytes_per_s = 0;
  relay.step(300 * ms);
  EXPECT_EQ(ping_for(3, 1'000 * ms, 50), 50'000);
}

TEST_F(LoopQuota, no_first_message_in_time_closes_and_is_counted) {
  relay.loop.opened(3);
  relay.step(2'900 * ms);
  EXPECT_TRUE(relay.sockets.closed.empty());
  relay.step(500 * ms);
  EXPECT_EQ(relay.sockets.closed[3].code, CloseCode::join_timeout);
  EXPECT_EQ(relay.loop_stats.refused(CloseCode::join_timeout).read(), 1U);
}

TEST_F(LoopQuota, an_address_that_joins_too_often_is_told) {
  guard.open = false;
  relay.open_and_join(3);
  EXPECT_EQ(relay.sockets.closed[3].code, CloseCode::rate_limit);
  EXPECT_EQ(relay.loop_stats.refused(CloseCode::rate_limit).read(), 1U);
}

// Whoever is paused is looked at again at a fixed time, however often the loop is woken to send: else nobody would be read.
TEST_F(LoopQuota, wake_ups_do_not_put_off_the_next_look_at_the_sockets) {
  relay.loop.opened(3);
  for (int i = 0; i < 400; ++i) ping(3);
  ASSERT_TRUE(relay.sockets.paused[3]);
  const std::int64_t look_ns = relay.loop.step(relay.sockets.now);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(relay.loop.step(relay.sockets.now += ms), look_ns);
  EXPECT_LE(look_ns, relay.sockets.now + 4 * ms);
}

// Joins that come together wait a little, those for whom that would be long are told when to come; those who do find a seat.
TEST_F(LoopQuota, many_joins_at_once_wait_and_the_rest_gets_return_slots) {
  guard.messages_per_s = 0, guard.bytes_per_s = 0;
  constexpr SocketId count = 6'000;
  relay.sockets.sends.resize(count), relay.sockets.bytes.resize(count);
  std::vector<std::int64_t> due(count, relay.sockets.now);
  for (int passed_ms = 0; passed_ms < 12'000; passed_ms += 5) {
    for (SocketId socket = 0; socket < count; ++socket) {
      if (due[socket] > relay.sockets.now) continue;
      due[socket] = INT64_MAX;
      relay.open_and_join(socket, ("p" + std::to_string(socket)).c_str());
      const auto closed = relay.sockets.closed.find(socket);
      if (closed == relay.sockets.closed.end()) continue;
      ASSERT_EQ(closed->second.code, CloseCode::overloaded);
      unsigned slot_ms = 0;
      ASSERT_EQ(std::sscanf(closed->second.detail.c_str(), "come back in %u ms", &slot_ms), 1) << closed->second.detail;
      ASSERT_LE(slot_ms, 10'000U);
      due[socket] = relay.sockets.now + slot_ms * ms;
      relay.sockets.closed.erase(closed);
      relay.loop.closed(socket);
    }
    const int before = relay.gate.sessions;
    relay.step(5 * ms);
    EXPECT_LE(relay.gate.sessions - before, 265) << "in 5 ms, at " << passed_ms;
  }
  EXPECT_EQ(relay.gate.sessions, 6'000) << "everyone was heard";
  EXPECT_EQ(relay.room()->seats().size(), 1'000U) << "as many as there are seats";
}

TEST_F(LoopQuota, who_is_sent_home_by_a_restart_gets_a_slot_of_its_own) {
  relay.open_and_join(1, "ada");
  relay.open_and_join(2, "bob");
  relay.step();
  relay.worker.close_room(*relay.worker.places()[0], CloseCode::restarting, "the relay restarts");
  relay.step();
  ASSERT_EQ(relay.sockets.closed[1].code, CloseCode::restarting);
  EXPECT_NE(relay.sockets.closed[1].detail, relay.sockets.closed[2].detail);
  for (const SocketId socket : {1U, 2U}) {
    const std::string& told = relay.sockets.closed[socket].detail;
    EXPECT_TRUE(told.starts_with("come back in ") && told.ends_with(" ms: the relay restarts")) << told;
  }
}

}  // namespace
}  // namespace tickrelay
