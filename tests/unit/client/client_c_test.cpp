// The C interface, through the shared library and real sockets; the relay is a script.
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>

#include "relay_bytes.h"
#include "tickrelay/client_c.h"
#include "web_socket_server.h"

namespace tickrelay::test {
namespace {

struct Held {
  tickrelay_event_kind kind;
  std::uint32_t code, number, player, entity;
  std::string component, type, text;
  Buffer data;
};

class ClientC : public ::testing::Test {
 protected:
  explicit ClientC(const tickrelay_options* options = nullptr)
      : client(tickrelay_client_new(("ws://127.0.0.1:" + std::to_string(server.port())).c_str(), options)) {}
  ~ClientC() override { tickrelay_client_free(client); }

  void poll() {
    server.service();
    tickrelay_poll(client);
    tickrelay_event event;
    while (tickrelay_next_event(client, &event)) {
      events.push_back({event.kind, event.code, event.number, event.player, event.entity, event.component, event.type,
                        event.text, event.data ? Buffer(event.data, event.data + event.data_size) : Buffer()});
    }
    usleep(200);
  }
  const Held* find(tickrelay_event_kind kind) const {
    for (const Held& event : events) {
      if (event.kind == kind) return &event;
    }
    return nullptr;
  }
  const Held* wait(tickrelay_event_kind kind) {
    for (int i = 0; i < 5'000 && !find(kind); ++i) poll();
    return find(kind);
  }
  void join() {
    room = tickrelay_join_or_create(client, "arena", nullptr);
    tickrelay_watch(room, "arena.Transform");
    for (int i = 0; i < 5'000 && server.heard.empty(); ++i) poll();
    server.send(WelcomeBytes{}.bytes());
    server.send(FrameBytes::whole(
                    10, {owners({1, 2}, {7, 9}), transforms({1, 2}, packed(1.f, 2.f, 3.f, 0.f, 4.f, 5.f, 6.f, 0.f)),
                         player_column(1, 7, "ada")})
                    .bytes());
    ASSERT_NE(wait(TICKRELAY_STATE), nullptr);
  }

  WebSocketServer server;
  tickrelay_client* client;
  tickrelay_room* room = nullptr;
  std::vector<Held> events;
};

TEST_F(ClientC, JoiningGivesEventsAndState) {
  join();
  EXPECT_NE(find(TICKRELAY_JOIN), nullptr);
  EXPECT_EQ(tickrelay_room_phase(room), TICKRELAY_JOINED);
  EXPECT_EQ(tickrelay_room_player(room), 7u);
  EXPECT_STREQ(tickrelay_room_id(room), "room");
  std::uint32_t ids[1];
  EXPECT_EQ(tickrelay_entities(room, nullptr, ids, 1), 2u);
  std::size_t size = 0;
  const std::uint8_t* value = tickrelay_get(room, 2, "arena.Transform", &size);
  ASSERT_EQ(size, sizeof(arena::Transform));
  EXPECT_EQ(reinterpret_cast<const arena::Transform*>(value)->pos().y(), 5.f);
  ASSERT_NE(find(TICKRELAY_ADD), nullptr);
  EXPECT_EQ(find(TICKRELAY_ADD)->component, "arena.Transform");
  EXPECT_EQ(find(TICKRELAY_PLAYER_JOIN)->type, "ada");
  tickrelay_player_entry players[4];
  ASSERT_EQ(tickrelay_players(room, players, 4), 1u);
  EXPECT_STREQ(players[0].id, "ada");
  char token[4];
  EXPECT_EQ(tickrelay_reconnection_token(room, token, sizeof token), 11u);
  EXPECT_STREQ(token, "roo");
}

TEST_F(ClientC, WritesReachTheRelay) {
  join();
  const arena::Transform at(arena::Vec3(9, 2, 3), 0);
  EXPECT_EQ(tickrelay_set(room, 1, "arena.Transform", &at, sizeof at, UINT64_MAX), 1u);
  EXPECT_EQ(tickrelay_spawn(room, "arena.Transform", &at, sizeof at, true), 1000u);
  EXPECT_EQ(tickrelay_send(room, "hi", "x", 1, TICKRELAY_TO_ALL, nullptr, 0), 3u);
  const std::size_t before = server.heard.size();
  for (int i = 0; i < 100; ++i) poll();
  std::vector<Sent> actions;
  for (std::size_t i = before; i < server.heard.size(); ++i) {
    const auto* update = wire::GetMessage(server.heard[i].data())->body_as_Update();
    if (update && update->actions()) {
      for (const wire::Action* action : *update->actions()) actions.emplace_back(*action);
    }
  }
  ASSERT_EQ(actions.size(), 3u);
  EXPECT_EQ(actions[0].data, packed(9.f));
  EXPECT_EQ(actions[2].type, "hi");
}

TEST_F(ClientC, RequestsEndInAnswers) {
  join();
  const std::uint32_t request = tickrelay_request(room, "ask", "?", 1, 5, TICKRELAY_TO_DEFAULT, nullptr, 0);
  server.send(YoursBytes{
      .tick = 10, .direct_first = 1, .direct = {{.kind = wire::EventKind::Answer, .data = "yes", .request = request}}}
                  .bytes());
  const Held* answer = wait(TICKRELAY_ANSWER);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->number, request);
  EXPECT_EQ(answer->code, 1u);
  EXPECT_EQ(answer->data, (Buffer{'y', 'e', 's'}));
}

TEST_F(ClientC, LeavingEndsInLeave) {
  join();
  tickrelay_leave(room);
  for (int i = 0; i < 20; ++i) poll();
  server.close(1000, "left");
  const Held* left = wait(TICKRELAY_LEAVE);
  ASSERT_NE(left, nullptr);
  EXPECT_EQ(left->code, 1000u);
  EXPECT_EQ(tickrelay_room_phase(room), TICKRELAY_LEFT);
}

TEST_F(ClientC, AFreedRoomIsHeardOfNoMore) {
  join();
  events.clear();
  server.send(FrameBytes::stream(11).bytes());
  server.service();
  usleep(2'000);  // the frame is on its way: a poll that came too early would leave nothing to forget
  tickrelay_poll(client);
  tickrelay_room_free(room);
  tickrelay_event event;
  EXPECT_FALSE(tickrelay_next_event(client, &event));
  for (int i = 0; i < 20; ++i) poll();
  EXPECT_TRUE(events.empty());
}

constexpr tickrelay_options with_shield{sizeof(tickrelay_options), nullptr, false, 0, false, true, false};

class ShieldedClientC : public ClientC {
 protected:
  ShieldedClientC() : ClientC(&with_shield) {}
  [[nodiscard]] bool asked_for_shield() const {
    const auto* join = wire::GetMessage(server.heard.back().data())->body_as_Join();
    return join != nullptr && join->mode() == wire::JoinMode::Shield;
  }
};

TEST_F(ShieldedClientC, ACopyThatComesFirstCounts) {
  join();
  for (int i = 0; i < 50'000 && !asked_for_shield(); ++i) poll();
  ASSERT_TRUE(asked_for_shield());
  server.send(FrameBytes::stream(11).bytes());  // on the connection that came last
  for (int i = 0; i < 5'000 && tickrelay_tick(room) != 11; ++i) poll();
  EXPECT_EQ(tickrelay_tick(room), 11u);
  EXPECT_EQ(tickrelay_copies(room), 1u);
  EXPECT_EQ(tickrelay_shielded(room), 1u);
}

TEST_F(ClientC, NothingIsDoneWithoutAHandle) {
  EXPECT_EQ(tickrelay_send(nullptr, "x", nullptr, 0, TICKRELAY_TO_ALL, nullptr, 0), 0u);
  EXPECT_EQ(tickrelay_join(nullptr, "x", nullptr), nullptr);
  EXPECT_STREQ(tickrelay_room_id(nullptr), "");
  EXPECT_EQ(tickrelay_get(nullptr, 1, "x", nullptr), nullptr);
  EXPECT_EQ(tickrelay_room_phase(nullptr), TICKRELAY_LEFT);
  tickrelay_poll(nullptr);
  tickrelay_room_free(nullptr);
  EXPECT_EQ(tickrelay_abi_version(), TICKRELAY_ABI_VERSION);
}

TEST_F(ClientC, WhatIsDrawnAndWhenToSendAreTold) {
  join();
  tickrelay_interpolate(room, "arena.Transform");
  std::size_t size = 0;
  const std::uint8_t* value = tickrelay_interpolated(room, 2, "arena.Transform", &size);
  ASSERT_EQ(size, sizeof(arena::Transform));
  EXPECT_EQ(reinterpret_cast<const arena::Transform*>(value)->pos().y(), 5.f);
  EXPECT_EQ(tickrelay_interpolated(room, 77, "arena.Transform", &size), nullptr);
  EXPECT_EQ(size, 0u);
  EXPECT_NEAR(tickrelay_server_now(room) - tickrelay_render_now(room), tickrelay_render_delay(room), 0.05);
  tickrelay_watch_send_ticks(room);
  const Held* due = nullptr;
  for (int i = 0; i < 20'000 && due == nullptr; ++i) {
    poll();
    due = find(TICKRELAY_SEND_TICK);
  }
  ASSERT_NE(due, nullptr);
  EXPECT_NEAR(tickrelay_next_send_tick(room), 0.025, 0.027) << "20 Hz";
  EXPECT_EQ(tickrelay_input_early(room), 0);
}

TEST_F(ClientC, ErrorsAreEvents) {
  join();
  EXPECT_EQ(tickrelay_set(room, 1, "arena.Nothing", "", 0, 0), 0u);
  const Held* error = wait(TICKRELAY_ERROR);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->type, "bad_usage");
  EXPECT_NE(error->text.find("arena.Nothing"), std::string::npos);
}

}  // namespace
}  // namespace tickrelay::test
