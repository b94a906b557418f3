// One fleet, asked anywhere: rooms in one list, bans on every node.

#include <signal.h>

#include <set>

#include "tests/e2e/fleet/fleet.h"

namespace tickrelay::test {
namespace {

TEST(FleetWide, AnyNodeListsTheRoomsOfAllInPages) {
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(3));
    for (int i = 10; i < 33; ++i) ASSERT_LT(fleet.spawn(0, "room-" + std::to_string(i)), 3U);
    for (std::size_t at = 0; at < 3; ++at) {
        std::vector<std::string> ids;
        std::set<std::string> nodes;
        std::string cursor;
        do {
            const auto page = fleet.answer(at, "room.list", R"({"limit":5)" + (cursor.empty() ? "" : R"(,"cursor":")" + cursor + "\"") + "}")["result"];
            EXPECT_LE(page["rooms"].size(), 5U);
            EXPECT_FALSE(page.contains("missing")) << page;
            for (const auto& room : page["rooms"]) {
                ids.push_back(room["room_id"]);
                nodes.insert(room["node"]);
            }
            cursor = page.value("cursor", "");
        } while (!cursor.empty() && ids.size() < 100);
        EXPECT_EQ(ids.size(), 23U);
        EXPECT_TRUE(std::ranges::is_sorted(ids));
        EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 23U);
        EXPECT_EQ(nodes.size(), 3U);
    }
    // One that is stopped, and not yet known to be over, is named.
    fleet.relays[2]->signal(SIGSTOP);
    EXPECT_EQ(fleet.answer(0, "room.list", "{}")["result"]["missing"], nlohmann::json::array({"node-2"}));
    fleet.relays[2]->signal(SIGCONT);
}

TEST(FleetWide, WhoIsBannedOnOneNodeIsBannedOnAllAlsoOnThoseThatStartLater) {
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(2));
    for (int i = 0; i < 4; ++i) ASSERT_LT(fleet.spawn(0, "room-" + std::to_string(i)), 2U);
    ASSERT_GE(fleet.rooms(0), 1U);
    ASSERT_GE(fleet.rooms(1), 1U);
    std::vector<std::unique_ptr<Guest>> eves;
    const auto all = [&](const std::function<bool(const Guest&)>& so) {
        return poll_until([&] { for (const auto& eve : eves) eve->client.poll(); }, [&] { return std::ranges::all_of(eves, [&](const auto& eve) { return so(*eve); }); },
                          std::chrono::seconds(30));
    };
    for (int i = 0; i < 4; ++i) {
        eves.push_back(std::make_unique<Guest>(fleet.relays[0]->url()));
        eves.back()->join_by_id("room-" + std::to_string(i), {.player_id = "eve"});
    }
    ASSERT_TRUE(all([](const Guest& eve) { return eve.joined; }));
    EXPECT_EQ(fleet.answer(1, "player.ban", R"({"player_id":"eve","minutes":10,"reason":"enough"})")["result"]["kicked"], 4);
    EXPECT_TRUE(all([](const Guest& eve) { return eve.left == close_code::banned; }));
    ASSERT_NO_FATAL_FAILURE(fleet.add());
    for (std::size_t at = 0; at < 3; ++at)
        EXPECT_TRUE(eventually([&] {
            const auto bans = fleet.answer(at, "ban.list", "{}")["result"]["bans"];
            return bans.size() == 1 && bans[0]["player_id"] == "eve" && bans[0]["reason"] == "enough";
        })) << at;
    EXPECT_TRUE(fleet.answer(2, "ban.remove", R"({"player_id":"eve"})").contains("result"));
    for (std::size_t at = 0; at < 3; ++at) EXPECT_EQ(fleet.answer(at, "ban.list", "{}")["result"]["bans"].size(), 0U) << at;
    EXPECT_EQ(fleet.answer(2, "ban.remove", R"({"player_id":"eve"})")["error"]["data"]["reason"], "no_such_ban");
    // A kick's ban is of the room, wherever that goes.
    EXPECT_TRUE(fleet.answer(0, "address.ban", R"({"address":"192.0.2.0/24","ban_s":60})").contains("result"));
    EXPECT_EQ(fleet.answer(1, "ban.list", "{}")["result"]["bans"][0]["address"], "192.0.2.0/24");
    Guest bob(fleet.relays[0]->url());
    bob.join_by_id("room-0", {.player_id = "bob"});
    ASSERT_TRUE(until({&bob}, [&] { return bob.joined; }));
    EXPECT_TRUE(fleet.answer(2, "player.kick", R"({"room_id":"room-0","player_id":"bob","ban_s":60})").contains("result"));
    for (std::size_t at = 0; at < 3; ++at) EXPECT_EQ(fleet.answer(at, "ban.list", "{}")["result"]["bans"].size(), 2U) << at;
}

}  // namespace
}  // namespace tickrelay::test
