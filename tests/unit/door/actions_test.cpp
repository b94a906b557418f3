// What may change things through the operations port, and what may not.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "relay/door/http.h"
#include "relay/door/same_site.h"
#include "tests/unit/door/fake_controls.h"

namespace tickrelay {
namespace {

using nlohmann::json;

class ActionsTest : public testing::Test {
  protected:
    FakeControls controls;
    EventRing events;
    Stats stats;
    Operations operations{controls, events, stats};
    const std::string kick = R"({"room_id":"a","player_id":"ann","reason":"rude"})";

    void SetUp() override { controls.add_room("a"); }

    PageRequest post(std::string_view method_path, std::string_view body) {
        return {.path = method_path,
                .query = "",
                .post = true,
                .host = "127.0.0.1:8351",
                .origin = "http://127.0.0.1:8351",
                .content_type = "application/json",
                .body = body};
    }
    static std::string reason(const PageAnswer& answer) { return json::parse(answer.body).at("error").at("reason"); }
};

TEST_F(ActionsTest, APageOfThisHostKicks) {
    const PageAnswer answer = operations.answer(post("/api/actions/player.kick", kick));
    EXPECT_EQ(answer.status, 200) << answer.body;
    ASSERT_EQ(controls.kicks.size(), 1U);
    EXPECT_EQ(controls.kicks[0].player_id, "ann");
    EXPECT_EQ(controls.kicks[0].reason, "rude");
}

TEST_F(ActionsTest, WhoIsBannedHereIsBannedInTheWholeFleet) {
    controls.others = std::vector<NodeAnswer>{{.node = "node-b", .line = R"({"jsonrpc":"2.0","id":0,"result":{"kicked":0}})"}};
    const std::string_view ban = R"({"room_id":"a","player_id":"ann","ban_s":60})";
    EXPECT_EQ(operations.answer(post("/api/actions/player.kick", ban)).status, 200);
    ASSERT_EQ(controls.others_asked.size(), 1U);
    const json asked = json::parse(controls.others_asked[0]);
    EXPECT_EQ(asked.at("method"), "player.ban");
    EXPECT_EQ(asked.at("params"), json::parse(ban));
    controls.others = std::vector<NodeAnswer>{{.node = "node-b", .line = {}}};
    EXPECT_NE(operations.answer(post("/api/actions/player.kick", ban)).body.find("not on node-b"), std::string::npos);
    EXPECT_EQ(operations.answer(post("/api/actions/player.kick", kick)).status, 200);
    EXPECT_EQ(controls.others_asked.size(), 2U) << "a kick alone is its room's";
}

TEST_F(ActionsTest, AnotherSitesPageDoesNot) {
    PageRequest request = post("/api/actions/player.kick", kick);
    for (const auto* origin : {"http://evil.example", "http://127.0.0.1:8350", "null", "https://127.0.0.1:8351.evil.example"}) {
        request.origin = origin;
        const PageAnswer answer = operations.answer(request);
        EXPECT_EQ(answer.status, 403) << origin;
        EXPECT_EQ(reason(answer), "cross_site");
    }
    request = post("/api/actions/player.kick", kick);
    request.host = "evil.example:8351";  // a name of theirs that points to this machine
    request.origin = "http://evil.example:8351";
    EXPECT_EQ(reason(operations.answer(request)), "unknown_host");
    EXPECT_TRUE(controls.kicks.empty());
}

TEST_F(ActionsTest, AFormDoesNot) {
    PageRequest request = post("/api/actions/player.kick", kick);
    for (const auto* type : {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"}) {
        request.content_type = type;
        EXPECT_EQ(operations.answer(request).status, 415) << type;
    }
    EXPECT_TRUE(controls.kicks.empty());
    request.content_type = "application/json; charset=utf-8";
    EXPECT_EQ(operations.answer(request).status, 200);
}

TEST_F(ActionsTest, OnlyWhatTheDashboardOffersIsThere) {
    for (const auto* path : {"/api/actions/ticket.issue", "/api/actions/room.spawn", "/api/actions/", "/api/actions", "/api/rooms", "/dashboard"}) {
        const PageAnswer answer = operations.answer(post(path, "{}"));
        EXPECT_EQ(answer.status, 404) << path;
        EXPECT_EQ(reason(answer), "unknown_method");
    }
}

TEST_F(ActionsTest, ABadBodyChangesNothing) {
    for (const auto* body : {"", "[]", "{", R"({"room_id":"a"})", R"({"room_id":"a","player_id":"ann","colour":1})"})
        EXPECT_EQ(operations.answer(post("/api/actions/player.kick", body)).status, 400) << body;
    EXPECT_EQ(operations.answer(post("/api/actions/player.kick", std::string(action_bytes_max + 1, ' '))).status, 413);
    EXPECT_TRUE(controls.kicks.empty());
    EXPECT_EQ(operations.answer(post("/api/actions/room.close", R"({"room_id":"none"})")).status, 404);
}

TEST_F(ActionsTest, ReadOnlyShowsAndRefuses) {
    Operations read_only{controls, events, stats, {.actions = false}};
    EXPECT_EQ(reason(read_only.answer(post("/api/actions/player.kick", kick))), "read_only");
    EXPECT_TRUE(controls.kicks.empty());
    const PageAnswer info = read_only.answer({.path = "/api/info", .query = "", .host = "localhost"});
    EXPECT_EQ(json::parse(info.body).at("actions"), false);
    EXPECT_EQ(json::parse(operations.answer({.path = "/api/info", .query = "", .host = "localhost"}).body).at("actions"), true);
}

TEST_F(ActionsTest, ARebindingNameReadsNothingFromLoopback) {
    for (const auto* path : {"/", "/dashboard", "/api/info", "/api/rooms"})
        EXPECT_EQ(operations.answer({.path = path, .query = "", .host = "evil.example"}).status, 403) << path;
    EXPECT_EQ(operations.answer({.path = "/healthz", .query = "", .host = "probe.internal"}).status, 200);
    Operations behind_proxy{controls, events, stats, {.hosts = {"relay.example"}}};
    EXPECT_EQ(behind_proxy.answer({.path = "/dashboard", .query = "", .host = "Relay.Example"}).status, 200);
    Operations open{controls, events, stats, {.loopback = false}};
    EXPECT_EQ(open.answer({.path = "/api/info", .query = "", .host = "relay.example"}).status, 200);
    EXPECT_EQ(open.answer(post("/api/actions/player.kick", kick)).status, 200);
}

TEST(SameSite, AnAddressLocalhostOrANameOfOurs) {
    const std::vector<std::string> names = {"relay.example"};
    for (const auto* host : {"127.0.0.1", "127.0.0.1:8351", "10.0.0.7:80", "[::1]", "[::1]:8351", "localhost:8351", "LOCALHOST", "relay.example:443"})
        EXPECT_TRUE(trusted_host(host, names)) << host;
    for (const auto* host : {"", ":8351", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::1].evil.example", "relay.example.evil"})
        EXPECT_FALSE(trusted_host(host, names)) << host;
}

}  // namespace
}  // namespace tickrelay
