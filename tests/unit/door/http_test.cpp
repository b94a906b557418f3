#include "relay/door/http.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "relay/door/rooms.h"
#include "relay/log.h"
#include "tests/unit/door/fake_controls.h"

namespace tickrelay {
namespace {

using nlohmann::json;

class HttpTest : public testing::Test {
  protected:
    FakeControls controls;
    EventRing events;
    Stats stats;
    Operations operations{controls, events, stats};

    PageAnswer get(std::string_view path, std::string_view query = "") {
        return operations.answer({.path = path, .query = query, .host = "127.0.0.1:8351"});
    }
    json api(std::string_view path, std::string_view query = "", int status = 200) {
        const PageAnswer answer = get(path, query);
        EXPECT_EQ(answer.status, status) << answer.body;
        EXPECT_EQ(answer.content_type, "application/json");
        return json::parse(answer.body);
    }
};

TEST_F(HttpTest, HealthAndReadiness) {
    EXPECT_EQ(get("/healthz").status, 200);
    EXPECT_EQ(get("/readyz").status, 200);
    controls.why_unready = "draining";
    const auto answer = get("/readyz");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body, "draining\n");
    EXPECT_EQ(get("/healthz").status, 200) << "alive all the same";
}

TEST_F(HttpTest, MetricsHaveTheirType) {
    const auto answer = get("/metrics");
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
    const auto answer = get("/dashboard");
    EXPECT_EQ(answer.content_type, "text/html; charset=utf-8");
    EXPECT_EQ(get("/").body, answer.body);
    EXPECT_TRUE(answer.content_security_policy.starts_with("default-src 'self'"));
    EXPECT_EQ(get("/demo").status, 404) << "that is on the players' port";
}

TEST_F(HttpTest, FiguresHaveWhatMetricsHave) {
    const json figures = api("/api/figures");
    const std::string metrics = get("/metrics").body;
    for (const auto* name : {"closed", "refused"})
        for (const auto& [reason, count] : figures.at(name).items())
            EXPECT_NE(metrics.find("reason=\"" + reason + "\""), std::string::npos) << name << ' ' << reason;
    for (const auto* name : {"tick_duration", "tick_lateness", "state_age"})
        EXPECT_EQ(figures.at(name).at("counts").size(), figures.at(name).at("bounds_s").size() + 1) << name;
}

TEST_F(HttpTest, TheLogsTailIsItsLastLines) {
    testing::internal::CaptureStderr();
    log::info("the line before");
    log::warn("<b>the last line</b>");
    testing::internal::GetCapturedStderr();
    const json lines = api("/api/log", "limit=1").at("lines");
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines.at(0).at("level"), "warn");
    EXPECT_NE(lines.at(0).at("text").get<std::string>().find("<b>the last line</b>"), std::string::npos);
    EXPECT_EQ(api("/api/log", "limit=2").at("lines").size(), 2U);
    for (const auto* query : {"limit=0", "limit=513", "limit=-1", "limit=2x"}) api("/api/log", query, 400);
}

TEST_F(HttpTest, ARoomsStateComesInPages) {
    controls.add_room("a/b");
    controls.known_state.total = 900;
    EXPECT_EQ(api("/api/state", "room_id=a/b&limit=20&after=7").at("total"), 900);
    ASSERT_EQ(controls.states.size(), 1U);
    EXPECT_EQ(controls.states[0].room_id, "a/b");
    EXPECT_EQ(controls.states[0].limit, 20U);
    EXPECT_EQ(controls.states[0].after, EntityId{7});
    for (const auto* query : {"limit=501", "after=x", "after=-1", "after=99999999999999"})
        api("/api/state", std::string("room_id=a/b&") + query, 400);
    api("/api/state", "room_id=nowhere", 404);
    api("/api/state", "", 404);
}

TEST_F(HttpTest, AValueOfAQueryMayHoldAnything) {
    EXPECT_EQ(query_value("a=1&room_id=x%26limit=2%2526&b=%2", "room_id"), "x&limit=2%26");
    EXPECT_EQ(query_value("b=%2", "b"), "%2");
    controls.add_room("x&y");
    EXPECT_EQ(api("/api/room", "room_id=x%26y").at("room_id"), "x&y");
}

TEST_F(HttpTest, ARoomsPlacesNameTheirAxes) {
    controls.add_room("a");
    EXPECT_EQ(api("/api/places", "room_id=a"), json({{"tick", 0}, {"total", 0}, {"kinds", json::array()}, {"places", json::array()}}))
        << "no schema";
    api("/api/places", "room_id=b", 404);
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
