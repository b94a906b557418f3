#include "relay/door/fleet_wide.h"
#include "relay/door/rpc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "relay/door/base64.h"
#include "relay/door/demo_schema.h"
#include "relay/door/methods.h"
#include "tests/unit/door/fake_controls.h"

namespace tickrelay {
namespace {

using nlohmann::json;

class RpcTest : public testing::Test {
  protected:
    FakeControls controls;
    EventRing events;
    Rpc rpc{controls, events};
    AdminSession session;

    json send(const std::string& line) {
        const std::string answer = rpc.answer(line, session);
        EXPECT_EQ(answer.find('\n'), std::string::npos);
        return answer.empty() ? json(nullptr) : json::parse(answer);
    }
    json call(const std::string& method, const json& params = json::object()) {
        const json answer = send(json{{"jsonrpc", "2.0"}, {"id", 7}, {"method", method}, {"params", params}}.dump());
        EXPECT_EQ(answer.at("jsonrpc"), "2.0");
        EXPECT_EQ(answer.at("id"), 7);
        return answer;
    }
    json result(const std::string& method, const json& params = json::object()) {
        const json answer = call(method, params);
        EXPECT_TRUE(answer.contains("result")) << answer;
        return answer.value("result", json());
    }
    json error(const std::string& method, const json& params = json::object()) {
        const json answer = call(method, params);
        EXPECT_TRUE(answer.contains("error")) << answer;
        return answer.value("error", json());
    }
    void expect_bad(const std::string& method, const json& params, const std::string& param, const std::string& text) {
        const json bad = error(method, params);
        EXPECT_EQ(bad.at("code"), -32602) << bad;
        EXPECT_EQ(bad.at("data").at("reason"), "bad_params");
        EXPECT_EQ(bad.at("data").at("param"), param) << bad;
        EXPECT_NE(bad.at("message").get<std::string>().find(text), std::string::npos) << bad;
    }
};

TEST_F(RpcTest, ASpawnTakesATraceIdAndARetryMayHaveAnother) {
    EXPECT_EQ(result("room.spawn", {{"id", "a"}, {"trace_id", "t1"}}).at("trace_id"), "t1");
    EXPECT_EQ(controls.spawns.back().settings.trace_id, "t1");
    EXPECT_EQ(result("room.spawn", {{"id", "a"}, {"trace_id", "t2"}}).at("room_id"), "a");
    expect_bad("room.spawn", {{"trace_id", ""}}, "trace_id", "1 to 64 bytes");
}

TEST_F(RpcTest, TheAuditLineOfACallHasItsRoomsTrace) {
    const auto line_of = [&](const std::string& method, const json& params) {
        testing::internal::CaptureStderr();
        call(method, params);
        return testing::internal::GetCapturedStderr();
    };
    EXPECT_NE(line_of("room.spawn", {{"id", "a"}, {"trace_id", "t1"}}).find(" room_id=a trace_id=t1\n"), std::string::npos);
    EXPECT_NE(line_of("room.spawn", {{"trace_id", "t2"}}).find(" room_id=made-up trace_id=t2\n"), std::string::npos);
    EXPECT_NE(line_of("room.close", {{"room_id", "a"}}).find(" room_id=a trace_id=t1\n"), std::string::npos) << "though it is gone now";
    EXPECT_EQ(line_of("room.close", {{"room_id", "a"}}).find("trace_id"), std::string::npos);
}

TEST_F(RpcTest, InfoHasTheContractsMembers) {
    const json info = result("relay.info");
    for (const auto* name :
         {"node", "version", "uptime_s", "rooms", "players", "headroom", "draining", "listen", "ops_listen"}) {
        EXPECT_TRUE(info.contains(name)) << name;
    }
}

TEST_F(RpcTest, ALineThatIsNotJsonIsAParseError) {
    const json answer = send("{nonsense");
    EXPECT_EQ(answer.at("error").at("code"), -32700);
    EXPECT_EQ(answer.at("error").at("data").at("reason"), "parse_error");
    EXPECT_TRUE(answer.at("id").is_null());
}

TEST_F(RpcTest, JsonNestedDeeperThanWeFollowIsAParseError) {
    EXPECT_EQ(send(std::string(100'000, '[')).at("error").at("code"), -32700);
    std::string deep;
    for (int i = 0; i < 10'000; ++i) deep += "{\"a\":";
    EXPECT_EQ(send(deep + "1" + std::string(10'000, '}')).at("error").at("code"), -32700);
}

TEST_F(RpcTest, ARequestMustBeOne) {
    for (const auto* line :
         {"1", R"({"id":1,"method":"relay.info"})", R"({"jsonrpc":"1.0","id":1,"method":"relay.info"})",
          R"({"jsonrpc":"2.0","id":1})", R"({"jsonrpc":"2.0","id":{},"method":"relay.info"})", "[]"}) {
        const json answer = send(line);
        EXPECT_EQ(answer.at("error").at("code"), -32600) << line;
        EXPECT_EQ(answer.at("error").at("data").at("reason"), "invalid_request") << line;
    }
}

TEST_F(RpcTest, AnUnknownMethodNamesTheNearest) {
    const json bad = error("room.spwan");
    EXPECT_EQ(bad.at("code"), -32601);
    EXPECT_EQ(bad.at("data").at("reason"), "unknown_method");
    EXPECT_EQ(bad.at("data").at("nearest"), "room.spawn");
}

TEST_F(RpcTest, ANotificationIsDoneAndNotAnswered) {
    controls.add_room("a");
    EXPECT_TRUE(send(R"({"jsonrpc":"2.0","method":"room.close","params":{"room_id":"a"}})").is_null());
    EXPECT_EQ(controls.closed, std::vector<std::string>{"a"});
}

TEST_F(RpcTest, ABatchIsAnsweredAsOneWithoutItsNotifications) {
    const json answer =
        send(R"([{"jsonrpc":"2.0","id":"x","method":"relay.info"},{"jsonrpc":"2.0","method":"relay.info"},3])");
    ASSERT_EQ(answer.size(), 2U);
    EXPECT_EQ(answer[0].at("id"), "x");
    EXPECT_EQ(answer[1].at("error").at("code"), -32600);
    EXPECT_TRUE(send(R"([{"jsonrpc":"2.0","method":"relay.info"}])").is_null());
}

TEST_F(RpcTest, ParamsHaveNames) { expect_bad("relay.info", json::array(), "params", "object"); }

TEST_F(RpcTest, DrainPassesItsDeadlineOn) {
    EXPECT_EQ(result("relay.drain", {{"deadline_s", 2.5}}).at("rooms"), 0);
    EXPECT_EQ(controls.drained_s, 2.5);
    EXPECT_TRUE(controls.information.draining);
    EXPECT_EQ(result("relay.undrain"), json::object());
    EXPECT_FALSE(controls.information.draining);
    expect_bad("relay.drain", {{"deadline_s", -1}}, "deadline_s", "0 to 86400");
}

TEST_F(RpcTest, SpawnTakesTheTypesSettingsAndItsOwn) {
    const json spawned = result("room.spawn", {{"type", "chat"},
                                               {"id", "c1"},
                                               {"trace_id", "t"},
                                               {"tick_rate", 30},
                                               {"metadata", {{"map", "x"}}},
                                               {"grace_s", 1.5},
                                               {"private", true},
                                               {"authority", "server"},
                                               {"codec", "packed"}});
    EXPECT_EQ(spawned, (json{{"room_id", "c1"}, {"url", "ws://127.0.0.1:8350"}, {"node", "node-a"}, {"trace_id", "t"}}));
    const RoomSettings& settings = controls.spawns.at(0).settings;
    EXPECT_EQ(settings.logic, "chat");
    EXPECT_EQ(settings.type, "chat");
    EXPECT_EQ(settings.tick_rate, 30);
    EXPECT_EQ(settings.send_rate, 30) << "send_rate follows";
    EXPECT_EQ(settings.metadata, R"({"map":"x"})");
    EXPECT_EQ(settings.grace_ms, 1500U);
    EXPECT_TRUE(settings.is_private);
    EXPECT_EQ(settings.authority, Authority::server);
    EXPECT_EQ(settings.codec, wire::Codec::Packed);
}

TEST_F(RpcTest, SpawnReadsASchemaFromBase64) {
    result("room.spawn", {{"schema", encode_base64(demo_schema())}});
    EXPECT_TRUE(controls.spawns.at(0).settings.layout->find("arena.Transform"));
    expect_bad("room.spawn", {{"schema", "!"}}, "schema", "base64");
    expect_bad("room.spawn", {{"schema", encode_base64(bytes_of("no schema"))}}, "schema", ".bfbs");
}

TEST_F(RpcTest, SpawnAgainWithTheSameIdIsSafe) {
    const json params = {{"id", "r"}, {"tick_rate", 10}, {"metadata", {{"a", 1}}}};
    EXPECT_EQ(result("room.spawn", params), result("room.spawn", params));
    const json refused = error("room.spawn", {{"id", "r"}, {"tick_rate", 20}});
    EXPECT_EQ(refused.at("code"), -32000);
    EXPECT_EQ(refused.at("data").at("reason"), "room_exists");
}

TEST_F(RpcTest, BadSpawnsNameTheParameterItsRangeAndTheNearest) {
    expect_bad("room.spawn", {{"tick_rate", 241}}, "tick_rate", "1 to 240");
    expect_bad("room.spawn", {{"tick_rate", 2.5}}, "tick_rate", "whole");
    expect_bad("room.spawn", {{"tick_rate", 18446744073709551615ULL}}, "tick_rate", "1 to 240");
    expect_bad("room.spawn", {{"tick_rate", 30}, {"send_rate", 20}}, "send_rate", "does not divide");
    expect_bad("room.spawn", {{"authority", "god"}}, "authority", "\"player\", \"server\", \"logic\"");
    expect_bad("room.spawn", {{"metadata", json::array()}}, "metadata", "object");
    expect_bad("room.spawn", {{"metadata", {{"a", std::string(5000, 'x')}}}}, "metadata", "4096");
    expect_bad("room.spawn", {{"id", std::string(65, 'x')}}, "id", "64");
    expect_bad("room.spawn", {{"id", ""}}, "id", "64");
    expect_bad("room.spawn", {{"tickrate", 20}}, "tickrate", "the nearest is tick_rate");
    EXPECT_EQ(error("room.spawn", {{"tick_rate", 0}}).at("data").at("range"), "1 to 240");
    EXPECT_EQ(error("room.spawn", {{"tickrate", 20}}).at("data").at("nearest"), "tick_rate");
    EXPECT_EQ(error("room.spawn", {{"type", "chta"}}).at("data").at("reason"), "unknown_type");
    EXPECT_TRUE(controls.spawns.empty());
}

TEST_F(RpcTest, RoomsAreUpdatedListedShownAndClosed) {
    controls.add_room("a").players.push_back({"ada", 1, wire::Role::Player, true, 20, 55, 1000, 2, {}});
    controls.add_room("b", "chat");
    EXPECT_EQ(result("room.update", {{"room_id", "a"}, {"locked", true}, {"max_players", 5}}), json::object());
    EXPECT_EQ(controls.updates.at(0).max_players, 5U);
    EXPECT_FALSE(controls.updates.at(0).is_private.has_value());
    EXPECT_EQ(result("room.list", {{"type", "chat"}}).at("rooms").size(), 1U);
    const json first = result("room.list", {{"limit", 1}});
    EXPECT_EQ(first.at("rooms").at(0).at("room_id"), "a");
    const json second = result("room.list", {{"limit", 1}, {"cursor", first.at("cursor")}});
    EXPECT_EQ(second.at("rooms").at(0).at("room_id"), "b");
    EXPECT_FALSE(second.contains("cursor"));
    expect_bad("room.list", {{"cursor", "%"}}, "cursor", "room.list");
    const json info = result("room.info", {{"room_id", "a"}});
    EXPECT_EQ(info.at("settings").at("tick_rate"), 20);
    for (const auto* name : {"player_id", "rtt_ms", "state_age_ms", "bytes_per_s", "behind_ticks"}) {
        EXPECT_TRUE(info.at("players").at(0).contains(name)) << name;
    }
    EXPECT_EQ(result("room.close", {{"room_id", "a"}, {"reason", "done"}}), json::object());
    EXPECT_EQ(error("room.close", {{"room_id", "a"}}).at("data").at("reason"), "room_not_found");
    expect_bad("room.info", json::object(), "room_id", "required");
}

TEST_F(RpcTest, BroadcastTakesBase64) {
    controls.add_room("a");
    result("room.broadcast", {{"room_id", "a"}, {"type", "hello"}, {"data", "AAEC"}});
    EXPECT_EQ(controls.broadcasts.at(0).data, std::string("\0\1\2", 3));
    expect_bad("room.broadcast", {{"room_id", "a"}, {"type", "t"}, {"data", std::string(40'000, 'A')}}, "data",
               "16384");
    expect_bad("room.broadcast", {{"room_id", "a"}}, "type", "required");
}

TEST_F(RpcTest, SetConvertsFieldsByTheRoomsSchema) {
    controls.add_room("d", "demo");
    EXPECT_EQ(
        result("room.set", {{"room_id", "d"}, {"entity", 9}, {"component", "Health"}, {"fields", {{"shield", 7}}}})
            .at("tick"),
        77);
    const SetRequest& set = controls.sets.at(0);
    EXPECT_EQ(set.entity, 9U);
    EXPECT_EQ(set.mask, 2U);
    EXPECT_EQ(set.data, std::vector<std::byte>{std::byte{7}});
    const auto with = [](const char* component, const json& fields) {
        return json{{"room_id", "d"}, {"component", component}, {"fields", fields}};
    };
    expect_bad("room.set", with("Helth", {{"shield", 7}}), "component", "Health");
    expect_bad("room.set", with("Health", {{"shild", 7}}), "fields", "shield");
    expect_bad("room.set", with("Health", {{"shield", 256}}), "fields", "0 to 255");
    expect_bad("room.set", with("tickrelay.Owner", {{"player", 7}}), "component", "own");
    expect_bad("room.set", with("Health", 3), "fields", "object");
}

TEST_F(RpcTest, StateIsNamedByTheSchema) {
    controls.add_room("d", "demo");
    controls.known_state.layout = controls.known_types->at("demo").settings.layout;
    controls.known_state.tick = 5;
    const auto health = *controls.known_state.layout->find("arena.Health");
    controls.known_state.entities.push_back({4, {{health, {std::byte{1}, std::byte{2}}}}});
    const json state = result("room.state", {{"room_id", "d"}});
    EXPECT_EQ(state.at("tick"), 5);
    EXPECT_EQ(state.at("room_id"), "d");
    EXPECT_EQ(state.at("entities").at("4").at("arena.Health"), (json{{"points", 1}, {"shield", 2}}));
}

TEST_F(RpcTest, PlayersAreKickedSimulatedAndGivenTickets) {
    controls.add_room("a");
    result("player.kick", {{"room_id", "a"}, {"player_id", "ada"}, {"ban_s", 60}});
    EXPECT_EQ(controls.kicks.at(0).ban_s, 60U);
    result("player.simulate", {{"room_id", "a"}, {"player_id", "ada"}, {"loss", 0.5}, {"bytes_per_s", 20'000}});
    EXPECT_EQ(controls.simulations.at(0).conditions, (Conditions{.loss = 0.5, .bytes_per_s = 20'000}));
    expect_bad("player.simulate", {{"room_id", "a"}, {"player_id", "ada"}, {"loss", 2}}, "loss", "0");
    const json ticket =
        result("ticket.issue", {{"room_id", "a"}, {"player_id", "ada"}, {"role", "spectator"}, {"ttl_s", 5}});
    EXPECT_EQ(ticket, (json{{"ticket", "ticket-1"}, {"url", "ws://127.0.0.1:8350"}}));
    EXPECT_EQ(controls.tickets.at(0).role, wire::Role::Spectator);
    EXPECT_TRUE(controls.tickets.at(0).single_use);
    result("ticket.issue", {{"room_id", "a"}, {"player_id", "ada"}, {"seat", 7}, {"single_use", false}});
    EXPECT_EQ(controls.tickets.at(1).seat, 7U);
    EXPECT_FALSE(controls.tickets.at(1).single_use);
    expect_bad("ticket.issue", {{"room_id", "a"}, {"player_id", "x"}, {"seat", 0}}, "seat", "1");
    expect_bad("ticket.issue", {{"room_id", "a"}, {"player_id", "x"}, {"role", "king"}}, "role",
               "player, spectator, authority");
    expect_bad("player.kick", {{"room_id", "a"}, {"player_id", 5}}, "player_id", "text");
}

TEST_F(RpcTest, WhoSeesWhatIsSetByNameAndChecked) {
    controls.add_room("a");
    result("room.show", {{"room_id", "a"}, {"entity", 5}, {"to", "players"}, {"player_ids", {"ada", "bob"}}});
    EXPECT_EQ(controls.shows.at(0).by, SeenBy::players);
    EXPECT_EQ(controls.shows.at(0).player_ids, (std::vector<std::string>{"ada", "bob"}));
    expect_bad("room.show", {{"room_id", "a"}, {"to", "owner"}}, "entity", "required");
    expect_bad("room.show", {{"room_id", "a"}, {"entity", 5}}, "to", "required");
    expect_bad("room.show", {{"room_id", "a"}, {"entity", 5}, {"to", "friends"}}, "to", "everyone, owner, team, players");
    expect_bad("room.show", {{"room_id", "a"}, {"entity", 5}, {"to", "owner"}, {"player_ids", {"ada"}}}, "player_ids", "players");
    result("player.update", {{"room_id", "a"}, {"player_id", "ada"}, {"team", 2}, {"looks_from", {1.5, -2}}});
    EXPECT_EQ(controls.player_updates.at(0).team, 2U);
    EXPECT_EQ(controls.player_updates.at(0).looks_from.value().value(), (Point{1.5F, -2, 0}));
    result("player.update", {{"room_id", "a"}, {"player_id", "ada"}, {"looks_from", json::array()}});
    EXPECT_FALSE(controls.player_updates.at(1).looks_from.value().has_value());
    expect_bad("player.update", {{"room_id", "a"}, {"player_id", "ada"}, {"looks_from", {1, 2, 3, 4}}}, "looks_from", "place");
}

TEST_F(RpcTest, AResultIsAnyJson) {
    controls.add_room("a");
    result("room.result", {{"room_id", "a"}, {"data", {{"winner", "ada"}}}});
    EXPECT_EQ(controls.results.at(0).data, R"({"winner":"ada"})");
    expect_bad("room.result", {{"room_id", "a"}}, "data", "required");
}

TEST_F(RpcTest, SubscribersGetWhatTheyAskedFor) {
    EventWriter writer(events);
    writer.push({.type = RelayEventType::room_spawned, .room_id = "a", .label = "chat"});
    EXPECT_EQ(rpc.news(session, 1000), "") << "nobody asked yet";
    EXPECT_EQ(result("events.subscribe", {{"types", {"player.joined", "room.message"}}, {"room_id", "a"}}).at("seq"),
              1);
    writer.push({.type = RelayEventType::player_joined, .room_id = "b", .player_id = "bob"});
    writer.push({.type = RelayEventType::player_joined, .room_id = "a", .player_id = "ada"});
    writer.push({.type = RelayEventType::room_message, .room_id = "a", .player_id = "ada", .label = "hi", .data = "!"});
    const std::string news = rpc.news(session, 1000);
    const json joined = json::parse(news.substr(0, news.find('\n')));
    EXPECT_EQ(joined.at("method"), "event");
    EXPECT_FALSE(joined.contains("id"));
    EXPECT_EQ(joined.at("params").at("seq"), 3);
    EXPECT_EQ(joined.at("params").at("type"), "player.joined");
    EXPECT_EQ(joined.at("params").at("player_id"), "ada");
    const json message = json::parse(news.substr(news.find('\n') + 1));
    EXPECT_EQ(message.at("params").at("message_type"), "hi");
    EXPECT_EQ(message.at("params").at("data"), "IQ==");
    EXPECT_EQ(rpc.news(session, 1000), "");
    result("events.subscribe", {{"after_seq", 0}});
    const std::string all = rpc.news(session, 100'000);
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 4);
    expect_bad("events.subscribe", {{"types", {"player.join"}}}, "types", "player.joined");
}

TEST_F(RpcTest, WhoFallsOutOfTheRingIsToldWhatItLost) {
    EventRing small(2);
    Rpc slow(controls, small);
    EventWriter writer(small);
    slow.answer(R"({"jsonrpc":"2.0","id":1,"method":"events.subscribe"})", session);
    for (int i = 0; i < 5; ++i) writer.push({.type = RelayEventType::room_closed, .room_id = "a"});
    const std::string news = slow.news(session, 100'000);
    const json lost = json::parse(news.substr(0, news.find('\n')));
    EXPECT_EQ(lost.at("method"), "events.lost");
    EXPECT_EQ(lost.at("params"), (json{{"from", 1}, {"to", 3}}));
    EXPECT_EQ(std::count(news.begin(), news.end(), '\n'), 3);
}

// The reference is made of these.
TEST_F(RpcTest, EveryMethodDocumentsTheParametersThatItReads) {
    for (const auto table : {relay_methods(), room_methods(), ban_methods()}) {
        for (const Method& method : table) {
            EXPECT_FALSE(method.doc.empty()) << method.name;
            const json odd = {{"no such parameter", 1}};
            Params params(odd);
            Call call{controls, events, session, params, {}};
            method.run(call);
            std::set<std::string> read(params.known().begin(), params.known().end());
            std::istringstream list{std::string(method.params)};
            std::set<std::string> told;
            for (std::string name; std::getline(list >> std::ws, name, ',');) {
                if (name.ends_with('?')) name.pop_back();
                if (name != "*") told.insert(name);
                if (name == "*")
                    for (const RoomKey& key : room_keys())
                        if (key.in_spawn) told.insert(std::string(key.name));
            }
            EXPECT_EQ(read, told) << method.name;
        }
    }
}

TEST(FleetWide, ALimitOfNullIsNone) {
    const json own = {{"rooms", json::array({{{"room_id", "a"}}, {{"room_id", "b"}}})}};
    const NodeAnswer odd{.node = "n2", .line = R"({"jsonrpc":"2.0","id":0,"error":{"code":-32000,"message":"no"}})"};
    const Outcome listed = put_together("room.list", {{"limit", nullptr}}, own, "n1", std::span(&odd, 1));
    EXPECT_EQ(std::get<json>(listed).at("rooms").size(), 2U);
    const Outcome banned = put_together("player.ban", json::object(), json{{"kicked", 1}}, "n1", std::span(&odd, 1));
    EXPECT_EQ(std::get<json>(banned).at("kicked"), 1);
}

}  // namespace
}  // namespace tickrelay
