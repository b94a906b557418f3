// Whichever request finds no memory, it costs its connection or its room, with a code that says so; never the process or another room.

#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "counted_new.h"
#include "one_relay.h"

namespace tickrelay {
namespace {

using test::OneRelay;
using test::Refusals;

RoomSettings settings_of(const char* id) {
  RoomSettings settings;
  settings.id = id;
  settings.type = "arena";
  settings.history = 5;
  settings.tick_rate = settings.send_rate = 60;
  settings.layout = std::make_shared<const Layout>(std::vector<Component>());
  return settings;
}

// Two rooms on one worker and one loop: what happens in the first is nothing to the second.
struct TwoRooms : OneRelay {
  static constexpr SocketId witness = 40;

  explicit TwoRooms(const RoomSettings& settings = settings_of("first")) : OneRelay(settings) {
    Refusals::next = &refuse_in;
    first = gate.room;
    open_and_join(1, "ada");
    open_and_join(2, "bob");
    auto other = settings_of("second");
    gate.room = second = lobby.create(std::move(other), built_in_logic("relay"), sockets.now, 8);
    open_and_join(witness, "eve");
    play(4);
    gate.room = first;
    EXPECT_TRUE(sockets.closed.empty());
  }
  ~TwoRooms() { refuse_in = 0; }

  void play(int ticks) {
    for (int i = 0; i < ticks; ++i) step(17 * test::ms);
  }
  // Between a close and its end sockets report nothing.
  void come(SocketId socket, const char* player_id) {
    loop.opened(socket);
    if (!sockets.closed.contains(socket)) join(socket, player_id);
  }
  void say(SocketId socket, const char* text) {
    if (sockets.closed.contains(socket)) return;
    static constexpr std::array<std::uint8_t, 400> data{};
    send(socket, wire::Body::Update, [&](auto& b) {
      const auto type = b.CreateString(text);
      const auto bytes = b.CreateVector(data.data(), data.size());
      const auto action = wire::CreateAction(b, wire::ActionKind::Message, {}, 0, ++seq, 0, 0, bytes, type, wire::Audience::All);
      const auto actions = b.CreateVector(&action, 1);
      const wire::Ack ack(0, 0, 0);
      return wire::CreateUpdate(b, &ack, actions);
    });
  }
  [[nodiscard]] Room* room_of(const char* id) {
    for (const auto& place : worker.places())
      if (place->room && place->room->settings().id == id) return place->room.get();
    return nullptr;
  }
  std::uint64_t counted() {
    return loop_stats.refused(CloseCode::overloaded).read() + loop_stats.closed(CloseCode::overloaded).read() +
           worker_stats.refused(CloseCode::overloaded).read();
  }

  RoomRecordPointer first, second;
  std::uint32_t seq = 0;
};

// What has been asked for goes on, and all counts agree.
void expect_well(TwoRooms& relay, std::size_t at) {
  const int sends = relay.sockets.sends[TwoRooms::witness];
  relay.gate.room = relay.second;
  relay.open_and_join(41, "fay");
  relay.play(6);
  EXPECT_GT(relay.sockets.sends[TwoRooms::witness], sends) << "request " << at << ": the other room stands still";
  EXPECT_FALSE(relay.sockets.closed.contains(TwoRooms::witness)) << at;
  ASSERT_NE(relay.room_of("second"), nullptr) << at;
  EXPECT_NE(relay.room_of("second")->find_player("fay"), nullptr) << at << ": nobody can join any more";
  for (const auto& [socket, closed] : relay.sockets.closed) {
    EXPECT_EQ(closed.code, CloseCode::overloaded) << "request " << at << ", socket " << socket << ": " << closed.detail;
    EXPECT_GT(relay.counted(), 0U) << at;
  }
  for (const auto& [id, record] : {std::pair("first", relay.first), std::pair("second", relay.second)}) {
    const Room* room = relay.room_of(id);
    if (room == nullptr) {
      EXPECT_TRUE(record->gone) << at << ": " << id << " is still to be joined";
      continue;
    }
    EXPECT_EQ(record->seats_taken, room->seats().size()) << "request " << at << ": the lobby counts other seats of " << id;
  }
  std::int64_t rooms = 0, seats = 0;
  for (const auto& place : relay.worker.places()) {
    if (!place->room) continue;
    ++rooms;
    seats += static_cast<std::int64_t>(place->room->seats().size());
  }
  EXPECT_EQ(relay.worker_stats.players.read(), seats) << at;
  EXPECT_EQ(relay.worker_stats.rooms.read(), rooms) << at;
  for (const RoomRecordPointer& record : relay.lobby.all())
    EXPECT_TRUE(record->slot == ~0U || relay.room_of(record->id.c_str()) != nullptr) << at << ": " << record->id << " can be joined, and is no more";
}

// Refuses the first request for memory in `work`, then the second, and so on until none is left to refuse. How many there were.
std::size_t refuse_each(bool all_after, const std::function<void(TwoRooms&)>& work, const RoomSettings& settings = settings_of("first")) {
  refuses_all = all_after;
  for (std::size_t at = 1;; ++at) {
    TwoRooms relay(settings);
    refuse_in = at;
    work(relay);
    const bool refused = all_after ? refuse_in == 1 : refuse_in == 0;
    refuse_in = 0;
    expect_well(relay, at);
    if (!refused || testing::Test::HasFatalFailure() || at > 3000) return at - 1;
  }
}

// As the test itself: what it makes is not the relay's.
template <typename Work>
void as_test(const Work& work) {
  const Refusals none;
  work();
}

class Memory : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Each, Memory, testing::Bool(), [](const auto& info) { return info.param ? "and_all_after_it" : "alone"; });

TEST_P(Memory, of_a_connection_and_its_join_costs_at_most_the_room) {
  const std::size_t requests = refuse_each(GetParam(), [](TwoRooms& relay) {
    relay.come(50, "newcomer whose name is too long to be kept without memory");
    relay.play(3);
  });
  EXPECT_GE(requests, 20U);
}

TEST_P(Memory, of_messages_and_their_ticks_costs_at_most_the_room) {
  const std::size_t requests = refuse_each(GetParam(), [](TwoRooms& relay) {
    for (int i = 0; i < 4; ++i) {
      relay.say(1, "said");
      relay.say(2, "answered");
      relay.play(1);
    }
  });
  EXPECT_GE(requests, 10U);
}

TEST_P(Memory, of_a_room_that_is_made_costs_that_room) {
  const std::size_t requests = refuse_each(GetParam(), [](TwoRooms& relay) {
    as_test([&] { relay.gate.room = relay.lobby.create(settings_of("third"), built_in_logic("relay"), relay.sockets.now, 9); });
    relay.come(50, "founder");
    relay.play(3);
  });
  EXPECT_GE(requests, 20U);
}

TEST_P(Memory, of_connections_that_end_costs_at_most_the_room) {
  refuse_each(GetParam(), [](TwoRooms& relay) {
    relay.loop.closed(2);
    relay.play(3);
  });
}

TEST_P(Memory, of_a_room_with_views_costs_at_most_that_room) {
  RoomSettings settings = settings_of("first");
  settings.views = true;
  settings.view_radius = 25;
  const std::size_t requests = refuse_each(GetParam(), [](TwoRooms& relay) {
    relay.come(50, "newcomer");
    relay.say(1, "said");
    relay.play(3);
  }, settings);
  EXPECT_GE(requests, 20U);
}

}  // namespace
}  // namespace tickrelay
