// Any node is asked for anything: rooms land where there is most headroom, players are sent to them, operators' calls reach them.

#include <set>

#include "tests/e2e/fleet/fleet.h"

namespace tickrelay::test {
namespace {

TEST(Placement, RoomsThatOneNodeIsAskedForSpreadOverAll) {
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(3));
    std::map<std::size_t, int> on;
    for (int i = 0; i < 9; ++i) ++on[fleet.spawn(0, "room-" + std::to_string(i))];
    EXPECT_EQ(on.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_GE(fleet.rooms(i), 2U) << "node " << i;
    // The same id once more, asked of another node, is that room.
    const std::size_t first = fleet.owner("room-0");
    EXPECT_EQ(fleet.spawn(1, "room-0"), first);
    EXPECT_EQ(fleet.spawn(2, "room-0"), first);
    EXPECT_EQ(fleet.rooms(0) + fleet.rooms(1) + fleet.rooms(2), 9U);
}

TEST(Placement, AnIdAskedOfAllNodesAtOnceIsOneRoom) {
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(3));
    for (int round = 0; round < 10; ++round) {
        std::vector<std::thread> asks;
        const std::string id = "same-" + std::to_string(round);
        for (std::size_t i = 0; i < 3; ++i) asks.emplace_back([&, i] { (void)fleet.answer(i, "room.spawn", R"({"type":"arena","id":")" + id + "\"}"); });
        for (auto& ask : asks) ask.join();
        std::size_t total = 0;
        for (std::size_t i = 0; i < 3; ++i) total += fleet.rooms(i);
        EXPECT_EQ(total, static_cast<std::size_t>(round) + 1) << id;
    }
}

TEST(Placement, APlayerWhoComesToAWrongNodeIsSentOnOnce) {
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(2));
    const std::size_t at = fleet.spawn(0, "arena-1");
    ASSERT_LT(at, 2U);
    const std::size_t wrong = 1 - at;
    Guest guest(fleet.relays[wrong]->url());
    guest.join_by_id("arena-1", {.player_id = "ada"});
    ASSERT_TRUE(until({&guest}, [&] { return guest.joined || guest.left != 0; }));
    EXPECT_EQ(guest.left, 0) << guest.left_reason;
    EXPECT_EQ(fleet.relays[wrong]->metric("tickrelay_closed_total{reason=\"moved\"}"), 1);
    EXPECT_EQ(fleet.relays[at]->metric("tickrelay_players"), 1);
    EXPECT_EQ(fleet.relays[wrong]->metric("tickrelay_players"), 0);
}

TEST(Placement, ARoomThatIsNowhereIsSaidToBeNowhere) {
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(2));
    Guest guest(fleet.relays[0]->url());
    guest.join_by_id("nowhere", {.player_id = "ada"});
    ASSERT_TRUE(until({&guest}, [&] { return guest.joined || guest.left != 0; }));
    EXPECT_EQ(guest.left, 4404) << guest.left_reason;
    EXPECT_EQ(fleet.answer(0, "room.close", R"({"room_id":"nowhere"})")["error"]["data"]["reason"], "room_not_found");
}

TEST(Placement, CallsAboutARoomAreAnsweredWhereItIs) {
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(3));
    const std::size_t at = fleet.spawn(0, "arena-1");
    ASSERT_LT(at, 3U);
    Guest guest(fleet.relays[at]->url());
    guest.join_by_id("arena-1", {.player_id = "ada"});
    ASSERT_TRUE(until({&guest}, [&] { return guest.joined; }));
    const std::string room = R"({"room_id":"arena-1")";
    for (std::size_t i = 0; i < 3; ++i) {
        const std::string node = "node-" + std::to_string(at);
        EXPECT_EQ(fleet.answer(i, "room.info", room + "}")["result"]["node"], node);
        EXPECT_TRUE(fleet.answer(i, "room.state", room + "}").contains("result"));
        EXPECT_TRUE(fleet.answer(i, "room.update", room + R"(,"metadata":{"by":)" + std::to_string(i) + "}}").contains("result"));
        EXPECT_TRUE(fleet.answer(i, "room.broadcast", room + R"(,"type":"hello","data":"aGV5"})").contains("result"));
        EXPECT_TRUE(fleet.answer(i, "room.result", room + R"(,"data":{"winner":"ada"}})").contains("result"));
        EXPECT_TRUE(fleet.answer(i, "player.simulate", room + R"(,"player_id":"ada","delay_ms":1})").contains("result"));
        const auto ticket = fleet.answer(i, "ticket.issue", room + R"(,"player_id":"bob"})");
        EXPECT_EQ(ticket["result"]["url"], fleet.relays[at]->url() + "/v1") << ticket.dump();
        // What is wrong is said as its own node says it.
        EXPECT_EQ(fleet.answer(i, "room.set", room + R"(,"component":"Nothing","fields":{}})")["error"],
                  fleet.answer(at, "room.set", room + R"(,"component":"Nothing","fields":{}})")["error"]);
    }
    EXPECT_TRUE(until({&guest}, [&] { return guest.count("hello hey") == 3; }));
    const std::size_t other = (at + 1) % 3;
    EXPECT_TRUE(fleet.answer(other, "player.kick", room + R"(,"player_id":"ada","reason":"bye"})").contains("result"));
    EXPECT_TRUE(until({&guest}, [&] { return guest.left == 4440; }));
    EXPECT_TRUE(fleet.answer(other, "room.close", room + "}").contains("result"));
    EXPECT_TRUE(eventually([&] { return fleet.answer(other, "room.info", room + "}").contains("error"); }));
    EXPECT_EQ(fleet.rooms(at), 0U);
    // Its id is free again, in a higher term.
    EXPECT_LT(fleet.spawn(other, "arena-1"), 3U);
}

TEST(Placement, ARelayWithoutNatsKnowsNoFleet) {
    RelayProcess relay;
    ASSERT_TRUE(relay.ready());
    const auto got = nlohmann::json::parse(relay.call("fleet.nodes", "{}"));
    EXPECT_EQ(got["result"]["nodes"].size(), 0U);
}

}  // namespace
}  // namespace tickrelay::test
