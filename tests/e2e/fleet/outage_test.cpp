// NATS servers die: rooms go on while the lease holds, and what waited is written when there is a leader again.

#include "tests/e2e/fleet/fleet.h"

namespace tickrelay::test {
namespace {

using Clock = std::chrono::steady_clock;

TEST(NatsOutage, RoomsTickOnWhileJetStreamFindsAnotherLeader) {
    Fleet fleet(3);
    ASSERT_NO_FATAL_FAILURE(fleet.start(3));
    ASSERT_LT(fleet.spawn(0, "room-0"), 3U);
    const std::size_t at = fleet.owner("room-0");
    Guest ada(fleet.relays[at]->url()), bob(fleet.relays[(at + 1) % 3]->url());
    ada.join_by_id("room-0", {.player_id = "ada"});
    bob.join_by_id("room-0", {.player_id = "bob"});
    ASSERT_TRUE(until({&ada, &bob}, [&] { return ada.joined && bob.joined; }));
    const EntityId ship = ada.room->spawn(standing_at(0));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return bob.room->state().contains(ship); }));
    const std::size_t leader = fleet.nats.leader_of("KV_tickrelay_nodes");
    ASSERT_LT(leader, fleet.nats.size());

    fleet.nats.kill_it(leader);
    const auto killed = Clock::now();
    double longest_s = 0;
    auto last = Clock::now();
    std::uint32_t tick = bob.room->state().tick();
    float x = 0;
    while (Clock::now() - killed < std::chrono::seconds(14)) {
        ada.room->set(ship, standing_at(x += 1));
        until({&ada, &bob}, [&] { return bob.room->state().tick() != tick; }, std::chrono::milliseconds(100));
        if (bob.room->state().tick() == tick) continue;
        tick = bob.room->state().tick();
        longest_s = std::max(longest_s, std::chrono::duration<double>(Clock::now() - last).count());
        last = Clock::now();
    }
    std::printf("the longest wait for a frame around the end of JetStream's leader was %.0f ms\n", longest_s * 1e3);
    EXPECT_LT(longest_s, 2) << "the room stood still";
    EXPECT_TRUE(ada.drops.empty());
    EXPECT_TRUE(bob.drops.empty());
    EXPECT_EQ(fleet.owner("room-0"), at);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(fleet.relays[i]->log().find("is over: its rooms are free"), std::string::npos) << fleet.relays[i]->log();
    // There is a leader again: new rooms can be made.
    EXPECT_TRUE(eventually([&] { return fleet.answer(0, "room.spawn", R"({"type":"arena","id":"room-1"})").contains("result"); }));
}

TEST(NatsOutage, WithoutServersRoomsStopAtTheEndOfTheLeaseAndGoOnAfterwards) {
    Fleet fleet(1, 3);
    ASSERT_NO_FATAL_FAILURE(fleet.start(1));
    ASSERT_EQ(fleet.spawn(0, "room-0"), 0U);
    Guest ada(fleet.relays[0]->url());
    ada.join_by_id("room-0", {.player_id = "ada"});
    ASSERT_TRUE(until({&ada}, [&] { return ada.joined; }));
    const EntityId ship = ada.room->spawn(standing_at(0));
    ASSERT_TRUE(until({&ada}, [&] { return ada.room->state().contains(ship); }));
    const auto ticks = [&] { return fleet.relays[0]->metric("tickrelay_ticks_total"); };

    fleet.nats.kill_it(0);
    const auto killed = Clock::now();
    double before = ticks();
    ASSERT_TRUE(until({&ada}, [&] { return ticks() > before + 30; })) << "it stopped while its lease held";
    ASSERT_TRUE(until({&ada}, [&] { return Clock::now() - killed > std::chrono::seconds(5); }));
    before = ticks();
    until({&ada}, [] { return false; }, std::chrono::milliseconds(500));
    EXPECT_EQ(ticks(), before) << "it ticks without a lease";
    ASSERT_TRUE(until({&ada}, [&] { return !ada.drops.empty(); }));
    EXPECT_EQ(ada.drops, std::vector<std::uint16_t>{close_code::going_away}) << "she waits for frames that do not come";

    fleet.nats.start(0);
    EXPECT_TRUE(until({&ada}, [&] { return ticks() > before + 30; })) << fleet.relays[0]->log();
    ASSERT_TRUE(until({&ada}, [&] { return ada.connected(); }));
    ada.room->set(ship, standing_at(5));
    EXPECT_TRUE(until({&ada}, [&] { return fleet.answer(0, "room.state", R"({"room_id":"room-0"})").dump().find("5.0") != std::string::npos; }));
    EXPECT_EQ(ada.left, 0) << ada.left_reason;
    EXPECT_GE(ada.returns + ada.rollbacks, 1);
}

}  // namespace
}  // namespace tickrelay::test
