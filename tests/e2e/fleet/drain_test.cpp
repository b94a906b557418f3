// A node is drained, as before a deploy: its rooms go on elsewhere with everything in them, and nobody rejoins by hand.

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "tests/e2e/fleet/crowd.h"

namespace tickrelay::test {
namespace {

TEST(NodeDrain, RoomsGoOnElsewhereAndNobodyRejoins) {
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(3));
    Crowd crowd(fleet, 9);
    ASSERT_TRUE(crowd.all_joined());
    crowd.play(std::chrono::milliseconds(1'000));
    const std::size_t victim = fleet.owner("room-0");
    const std::size_t had = fleet.rooms(victim);
    ASSERT_GE(had, 1U);
    std::thread ends([&] { EXPECT_EQ(fleet.relays[victim]->terminate(), 0) << "the exit code"; });
    const auto began = std::chrono::steady_clock::now();
    std::size_t there = 0;
    while (there < 9 && std::chrono::steady_clock::now() - began < std::chrono::seconds(20)) {
        crowd.play(std::chrono::milliseconds(20));
        there = 0;
        for (std::size_t i = 0; i < 3; ++i) there += i == victim ? 0 : fleet.rooms(i);
    }
    ends.join();
    EXPECT_EQ(there, 9U);
    std::printf("%zu rooms handed over in %.2f s\n", had, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    fleet.relays[victim].reset();
    crowd.play(std::chrono::milliseconds(1'000));
    crowd.expect_whole();
    int moved = 0;
    for (const auto& each : crowd.members) moved += each->guest.returns;
    EXPECT_EQ(moved, static_cast<int>(2 * had));
}

// TICKRELAY_ROLLING=100x10: so many rooms and players; each restart tells how long those who moved stood still.
TEST(NodeDrain, ARollingRestartOfAllNodesEndsNoMatch) {
    std::size_t rooms = 6, players = 2;
    if (const char* asked = std::getenv("TICKRELAY_ROLLING")) {
        ASSERT_EQ(std::sscanf(asked, "%zux%zu", &rooms, &players), 2) << asked;
    }
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(3));
    Crowd crowd(fleet, rooms, players);
    ASSERT_TRUE(crowd.all_joined());
    crowd.play(std::chrono::milliseconds(500));
    for (std::size_t node = 0; node < 3; ++node) {
        crowd.forget_gaps();
        const std::string listen = "127.0.0.1:" + std::to_string(fleet.relays[node]->port());
        int code = -1;
        std::atomic<bool> ended{false};
        std::thread ends([&] {
            code = fleet.relays[node]->terminate();
            ended = true;
        });
        while (!ended) crowd.step();
        ends.join();
        EXPECT_EQ(code, 0) << "node " << node;
        std::atomic<bool> up{false};
        std::thread plays([&] {
            while (!up) crowd.step();
        });
        auto next = fleet.started("node-" + std::to_string(node), listen);  // here: it would die with the thread that starts it
        up = true;
        plays.join();
        ASSERT_TRUE(next->ready()) << next->log();
        fleet.relays[node] = std::move(next);
        crowd.play(std::chrono::milliseconds(1'500));
        const std::vector<double> gaps = crowd.gaps_of_movers();
        if (gaps.empty()) continue;
        std::printf("node %zu: %zu players moved; between two frames p50 %.0f, p99 %.0f, at most %.0f ms\n", node, gaps.size(), gaps[gaps.size() / 2],
                    gaps[gaps.size() * 99 / 100], gaps.back());
    }
    crowd.expect_whole();
    EXPECT_EQ(fleet.rooms(0) + fleet.rooms(1) + fleet.rooms(2), rooms);
}

// More than are moved at once, of a logic that no other node has.
TEST(NodeDrain, RoomsThatNobodyTakesHoldUpNoOtherAndAreLeftToTheirPlayers) {
    Fleet fleet;
    fleet.arguments = {"--logic", TICKRELAY_SLOW_LOGIC};
    ASSERT_NO_FATAL_FAILURE(fleet.start(1));
    for (int i = 0; i < 20; ++i)
        ASSERT_TRUE(fleet.answer(0, "room.spawn", R"({"type":"arena","logic":"slow","id":"a-)" + std::to_string(i) + "\"}").contains("result"));
    ASSERT_EQ(fleet.spawn(0, "z"), 0U);
    fleet.arguments.clear();
    for (int i = 0; i < 2; ++i) ASSERT_NO_FATAL_FAILURE(fleet.add());
    ASSERT_TRUE(eventually([&] { return fleet.answer(0, "fleet.nodes", "{}")["result"]["nodes"].size() == 3; }));
    Guest stays(fleet.relays[0]->url()), goes(fleet.relays[0]->url());
    stays.join_by_id("a-0", {.player_id = "stays"});
    goes.join_by_id("z", {.player_id = "goes"});
    ASSERT_TRUE(until({&stays, &goes}, [&] { return stays.joined && goes.joined; }));
    ASSERT_TRUE(fleet.answer(0, "relay.drain", R"({"deadline_s":600})").contains("result"));
    ASSERT_TRUE(until({&stays, &goes}, [&] { return fleet.rooms(1) + fleet.rooms(2) == 1 && goes.returns == 1; }));
    poll_until([&] { stays.client.poll(), goes.client.poll(); }, [] { return false; }, std::chrono::seconds(6));
    EXPECT_LE(stays.drops.size(), 3U) << "offered every 5 s and less often, not all the time";
    ASSERT_TRUE(until({&stays, &goes}, [&] { return stays.connected() && fleet.rooms(0) == 20; })) << stays.left_reason;
    EXPECT_EQ(stays.left, 0);
    EXPECT_EQ(goes.drops.size(), 1U);
    ASSERT_TRUE(fleet.answer(0, "relay.undrain", "{}").contains("result"));
}

TEST(NodeDrain, TheLastNodeLeavesItsRoomsToTheNextStart) {
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(1));
    ASSERT_EQ(fleet.spawn(0, "only"), 0U);
    ASSERT_TRUE(fleet.answer(0, "relay.drain", R"({"deadline_s":0.1})").contains("result"));
    ASSERT_TRUE(eventually([&] { return fleet.rooms(0) == 0; }));
    ASSERT_TRUE(fleet.answer(0, "relay.undrain", "{}").contains("result"));
    EXPECT_TRUE(eventually([&] { return fleet.rooms(0) == 1; }));
    EXPECT_EQ(fleet.relays[0]->stop(), 0);
    fleet.relays[0] = fleet.started("node-9");
    ASSERT_TRUE(fleet.relays[0]->ready()) << fleet.relays[0]->log();
    EXPECT_TRUE(eventually([&] { return fleet.rooms(0) == 1; }));
}

}  // namespace
}  // namespace tickrelay::test
