#include "relay/door/http.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "relay/door/rooms.h"
#include "tests/unit/door/fake_controls.h"

namespace tickrelay {
namespace {

using nlohmann::json;

class HttpTest : public testing::Test {
  protected:
    FakeControls controls;
    Stats stats;
    Operations operations{controls, stats};

    json api(std::string_view path, std::string_view query = "", int status = 200) {
        const PageAnswer answer = operations.get(path, query);
        EXPECT_EQ(answer.status, status) << answer.body;
        EXPECT_EQ(answer.content_type, "application/json");
        return json::parse(answer.body);
    }
};

TEST_F(HttpTest, HealthAndReadiness) {
    EXPECT_EQ(operations.get("/healthz", "").status, 200);
    EXPECT_EQ(operations.get("/readyz", "").status, 200);
    controls.why_unready = "draining";
    const auto answer = operations.get("/readyz", "");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body, "draining\n");
    EXPECT_EQ(operations.get("/healthz", "").status, 200) << "alive all the same";
}

TEST_F(HttpTest, MetricsHaveTheirType) {
    const auto answer = operations.get("/metrics", "");
    EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4");
    EXPECT_NE(answer.body.find("tickrelay_build_info{version=\"0.1.0\"} 1"), std::string::npos);
}

TEST_F(HttpTest, TheApiTellsOfTheRelayAndItsRooms) {
    controls.add_room("a");
    controls.add_room("b").players.resize(3);
    EXPECT_EQ(api("/api/info").at("node"), "node-a");
    EXPECT_TRUE(api("/api/info").at("figures").contains("state_age_ms"));
    EXPECT_EQ(api("/api/rooms").at("total"), 2);
    const json page = api("/api/rooms", "sort=players&descending=true&limit=1");
    EXPECT_EQ(page.at("rooms").at(0).at("room_id"), "b");
    const json next =
        api("/api/rooms", "sort=players&descending=true&limit=1&cursor=" + page.at("cursor").get<std::string>());
    EXPECT_EQ(next.at("rooms").at(0).at("room_id"), "a");
    EXPECT_EQ(api("/api/rooms/b").at("room_id"), "b");
    EXPECT_EQ(api("/api/rooms/c", "", 404).at("error").at("reason"), "room_not_found");
    for (const auto* query : {"limit=0", "limit=x", "sort=colour", "cursor=%"}) api("/api/rooms", query, 400);
    api("/api/nothing", "", 404);
}

TEST_F(HttpTest, TheDashboardIsAPage) {
    const auto answer = operations.get("/dashboard", "");
    EXPECT_EQ(answer.content_type, "text/html; charset=utf-8");
    EXPECT_NE(answer.body.find("/api/info"), std::string::npos);
    EXPECT_NE(answer.content_security_policy.find("connect-src 'self'"), std::string::npos);
}

TEST(Rooms, PagesCoverAllInOrderWhileOthersComeAndGo) {
    std::vector<RoomEntry> rooms;
    for (int i = 0; i < 25; ++i) {
        RoomEntry room;
        room.room_id = "room-" + std::to_string(i);
        room.players = static_cast<std::uint32_t>(i % 3);
        room.metadata = i % 2 == 0 ? R"({"map":"desert"})" : "{}";
        rooms.push_back(room);
    }
    RoomQuery query{.order = RoomOrder::players, .descending = true, .limit = 4};
    std::vector<std::string> seen;
    for (int pages = 0; pages < 20; ++pages) {
        const auto page = cut_page(rooms, query);
        ASSERT_TRUE(page);
        for (const auto& room : page->rooms) seen.push_back(room.room_id);
        if (page->cursor.empty()) break;
        query.cursor = page->cursor;
        std::erase_if(rooms, [&](const auto& room) { return room.room_id == seen.back(); });  // the cursor's room goes
    }
    EXPECT_EQ(seen.size(), 25U);
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
    EXPECT_EQ(cut_page(rooms, {.search = "desert"})->total,
              static_cast<std::size_t>(
                  std::count_if(rooms.begin(), rooms.end(), [](const auto& room) { return room.metadata != "{}"; })));
}

}  // namespace
}  // namespace tickrelay
