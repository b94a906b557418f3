#include <gtest/gtest.h>

#include "one_relay.h"

namespace tickrelay {
namespace {

using test::ms;
using test::OneRelay;

// Its ticks take as long as it is told.
struct Slow final : Logic {
  explicit Slow(OneRelay*& relay) : relay(relay) {}
  void on_tick(Room&, std::uint32_t) override { relay->sockets.now += takes_ns; }
  OneRelay*& relay;
  static inline std::int64_t takes_ns = 0;
};

struct Load : testing::Test {
  OneRelay* at = nullptr;
  OneRelay relay{[] {
                   RoomSettings settings;
                   settings.id = "burns";
                   settings.empty_ttl_ms = 0;
                   return settings;
                 }(),
                 [this] { return std::make_unique<Slow>(at); }};
  RoomRecordPointer other;

  void SetUp() override {
    at = &relay;
    Slow::takes_ns = 0;
    RoomSettings settings;
    settings.id = "other";
    settings.empty_ttl_ms = 0;
    settings.layout = relay.gate.room->settings.layout;
    other = relay.lobby.create(settings, built_in_logic("relay"), relay.sockets.now, 1);
    relay.worker.place_of(relay.gate.room, relay.sockets.now);
    relay.worker.place_of(other, relay.sockets.now);
  }
  // Steps until the condition holds, at most this long.
  template <typename Condition>
  bool within(std::int64_t for_ns, Condition condition) {
    for (const std::int64_t until = relay.sockets.now + for_ns; relay.sockets.now < until && !condition();)
      relay.step(5 * ms);
    return condition();
  }
  [[nodiscard]] std::uint32_t slowness(std::size_t place) const { return relay.worker.places()[place]->slowness; }
};

TEST_F(Load, a_room_that_burns_sends_less_then_ticks_less_and_comes_back) {
  Slow::takes_ns = 60 * ms;  // of 50
  ASSERT_TRUE(within(60'000 * ms, [&] { return slowness(0) > Worker::send_slowness_max; }));
  EXPECT_EQ(slowness(1), 0U) << "the other pays nothing";
  ASSERT_GE(relay.journal.slowed.size(), 4U);
  EXPECT_EQ(relay.journal.slowed[0].room, "burns");
  EXPECT_EQ(relay.journal.slowed[0].send_hz, 10);
  EXPECT_EQ(relay.journal.slowed[0].tick_hz, 20);
  EXPECT_EQ(relay.journal.slowed[2].send_hz, 2.5);
  EXPECT_EQ(relay.journal.slowed[3].tick_hz, 10);
  EXPECT_EQ(relay.worker_stats.rooms_slowed.read(), 1);

  Slow::takes_ns = 0;
  ASSERT_TRUE(within(60'000 * ms, [&] { return slowness(0) == 0; }));
  EXPECT_EQ(relay.journal.slowed.back().send_hz, 0) << "told";
  EXPECT_EQ(relay.worker_stats.rooms_slowed.read(), 0);
}

TEST_F(Load, a_slowed_room_that_goes_is_not_counted_any_more) {
  Slow::takes_ns = 60 * ms;
  ASSERT_TRUE(within(60'000 * ms, [&] { return slowness(0) != 0; }));
  relay.worker.close_room(*relay.worker.places()[0], CloseCode::room_closed, "closed");
  EXPECT_EQ(relay.worker_stats.rooms_slowed.read(), 0);
}

TEST_F(Load, a_worker_says_when_it_is_in_a_step) {
  std::int64_t began_ns = 0;
  const RoomRecord* in = nullptr;
  struct Look final : Logic {
    Look(WorkerPort& port, std::int64_t& began_ns, const RoomRecord*& in) : port(port), began_ns(began_ns), in(in) {}
    void on_tick(Room&, std::uint32_t) override { began_ns = port.step_began_ns, in = port.at_room; }
    WorkerPort& port;
    std::int64_t& began_ns;
    const RoomRecord*& in;
  };
  RoomSettings settings;
  settings.id = "looks";
  settings.layout = other->settings.layout;
  const RoomRecordPointer room = relay.lobby.create(
      settings, [&] { return std::make_unique<Look>(relay.worker_port, began_ns, in); }, relay.sockets.now, 1);
  relay.worker.place_of(room, relay.sockets.now);
  ASSERT_TRUE(within(1'000 * ms, [&] { return in != nullptr; }));
  EXPECT_EQ(in, room.get());
  EXPECT_GT(began_ns, 0);
  EXPECT_EQ(relay.worker_port.step_began_ns, 0);
  EXPECT_EQ(relay.worker_port.at_room, nullptr);
}

}  // namespace
}  // namespace tickrelay
