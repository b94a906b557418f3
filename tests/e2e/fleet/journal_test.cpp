// The fleet's journal: every node's events in one stream, followed from any node's socket or by a consumer of the stream; what happens while
// NATS is away waits, with its age on /metrics.

#include <signal.h>

#include <filesystem>
#include <map>
#include <set>

#include "tests/e2e/fleet/fleet.h"
#include "tests/e2e/play/child.h"
#include "tools/ctl/call.h"

namespace tickrelay::test {
namespace {

using Json = nlohmann::json;

// Where NATS may have come back just now.
void subscribe(ctl::Connection& admin, const Json& params) {
    ASSERT_TRUE(eventually([&] {
        try {
            admin.call("events.subscribe", params);
            return true;
        } catch (const ctl::Failure&) {
            return false;
        }
    }));
}

// The fleet's events of this type after a number, by one node's socket.
std::vector<Json> events_after(const RelayProcess& relay, std::uint64_t after, std::size_t count, const std::string& type) {
    ctl::Connection admin(relay.admin());
    subscribe(admin, {{"fleet", true}, {"after_seq", after}, {"types", {type}}});
    std::vector<Json> events;
    while (events.size() < count) events.push_back(admin.next_notification().at("params"));
    return events;
}

class FleetJournal : public testing::Test {
  protected:
    void SetUp() override { ASSERT_NO_FATAL_FAILURE(fleet.start(2)); }
    void spawn(int count) {
        for (int i = 0; i < count; ++i, ++made) ASSERT_LT(fleet.spawn(0, "room-" + std::to_string(made)), 2U);
    }
    void result(int room) {
        const std::string id = "room-" + std::to_string(room);
        EXPECT_TRUE(fleet.answer(1, "room.result", R"({"room_id":")" + id + R"(","data":{"winner":)" + std::to_string(room) + "}}").contains("result"));
    }
    Fleet fleet;
    int made = 0;
};

TEST_F(FleetJournal, OneSubscriptionOnAnyNodeHearsAllAndGoesOnWhereItEndedOnAnother) {
    spawn(6);
    const std::vector<Json> all = events_after(*fleet.relays[0], 0, 6, "room.spawned");
    std::set<std::string> nodes, rooms;
    std::uint64_t last = 0;
    for (const Json& event : all) {
        nodes.insert(event.at("node"));
        rooms.insert(event.at("room_id"));
        EXPECT_GT(event.at("seq"), last);
        EXPECT_EQ(event.at("room_type"), "arena");
        EXPECT_TRUE(event.at("node_seq").is_number_unsigned() && event.at("trace_id").is_string()) << event;
        last = event.at("seq");
    }
    EXPECT_EQ(nodes, (std::set<std::string>{"node-0", "node-1"}));
    EXPECT_EQ(rooms.size(), 6U);
    const std::vector<Json> rest = events_after(*fleet.relays[1], all[2].at("seq"), 3, "room.spawned");
    EXPECT_EQ(rest, (std::vector<Json>{all[3], all[4], all[5]}));
    // Without a number: what happens from now on.
    ctl::Connection admin(fleet.relays[1]->admin());
    EXPECT_GE(admin.call("events.subscribe", {{"fleet", true}}).at("seq"), last);
    spawn(1);
    EXPECT_EQ(admin.next_notification().at("params").at("room_id"), "room-6");
}

TEST_F(FleetJournal, OneTerminalWatchesTheFleet) {
    spawn(4);
    Child all({TICKRELAYCTL_PROGRAM, "--admin", fleet.relays[1]->admin(), "watch", "--fleet", "--after", "0"});
    Child one({TICKRELAYCTL_PROGRAM, "--admin", fleet.relays[0]->admin(), "--json", "watch", "room-2", "--fleet", "--after", "0"});
    const auto says = [](const std::string& text) {
        return [text](const auto& lines) { return std::ranges::any_of(lines, [&](const auto& line) { return line.find(text) != std::string::npos; }); };
    };
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(all.says(says("room.spawned  room_id=room-" + std::to_string(i)))) << i;
    for (const char* node : {"node-0", "node-1"}) EXPECT_TRUE(all.says(says(std::string("  ") + node + "  room.spawned")));
    result(2);
    EXPECT_TRUE(all.says(says("room.result  room_id=room-2  data={\"winner\":2}")));
    EXPECT_TRUE(one.says(says("room.result")));
    for (const std::string& line : one.lines()) EXPECT_EQ(Json::parse(line).at("params").at("room_id"), "room-2");
}

TEST_F(FleetJournal, AConsumerOfTheStreamGetsEachResultOnceAlsoOfWhenItWasAway) {
    spawn(6);
    const std::vector<std::string> command{TICKRELAY_RESULTS, fleet.nats.urls()};
    std::vector<std::string> got;
    const auto rooms = [&] {
        std::vector<std::string> names;
        for (const std::string& line : got) names.push_back(line.substr(line.find(' ') + 1, 6));
        return names;
    };
    for (int run = 0; run < 3; ++run) {
        result(2 * run);
        Child consumer(command);
        result(2 * run + 1);
        ASSERT_TRUE(consumer.says([](const auto& lines) { return lines.size() >= 2; }));
        got.insert(got.end(), consumer.lines().begin(), consumer.lines().end());
        consumer.signal(SIGTERM);
        EXPECT_EQ(consumer.ended(), 0);
    }
    EXPECT_EQ(rooms(), (std::vector<std::string>{"room-0", "room-1", "room-2", "room-3", "room-4", "room-5"}));
    EXPECT_NE(got[3].find(R"({"winner":3})"), std::string::npos) << got[3];
}

// With a data_dir, and in memory.
class JournalOutage : public testing::TestWithParam<bool> {};

TEST_P(JournalOutage, WhatHappensWhileNatsIsAwayWaitsAndIsToldOnce) {
    std::string data_dir = (std::filesystem::temp_directory_path() / "tickrelay-fleet-XXXXXX").string();
    ASSERT_NE(mkdtemp(data_dir.data()), nullptr);
    {
        Fleet fleet(1, 60);
        fleet.arguments = GetParam() ? std::vector<std::string>{"--data-dir", data_dir} : std::vector<std::string>{};
        ASSERT_NO_FATAL_FAILURE(fleet.start(1));
        ASSERT_EQ(fleet.spawn(0, "room"), 0U);
        const auto update = [&](int number) {
            EXPECT_TRUE(fleet.answer(0, "room.update", R"({"room_id":"room","metadata":{"n":)" + std::to_string(number) + "}}").contains("result"));
        };
        update(0);
        ASSERT_EQ(events_after(*fleet.relays[0], 0, 1, "room.updated").size(), 1U);
        EXPECT_EQ(fleet.relays[0]->metric("tickrelay_journal_age_seconds"), 0);
        fleet.nats.kill_it(0);
        for (int i = 1; i <= 40; ++i) update(i);
        EXPECT_TRUE(eventually([&] { return fleet.relays[0]->metric("tickrelay_journal_age_seconds") > 1; }));
        fleet.nats.start(0);
        const std::vector<Json> all = events_after(*fleet.relays[0], 0, 41, "room.updated");
        for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].at("node_seq"), all[0].at("node_seq").get<std::uint64_t>() + i);
        EXPECT_TRUE(eventually([&] { return fleet.relays[0]->metric("tickrelay_journal_age_seconds") == 0; }));
    }
    std::filesystem::remove_all(data_dir);
}

INSTANTIATE_TEST_SUITE_P(Spools, JournalOutage, testing::Bool(), [](const auto& info) { return info.param ? "DataDir" : "Memory"; });

TEST(JournalSpool, WhatABoundedJournalHadToDropIsAGapThatIsTold) {
    std::string data_dir = (std::filesystem::temp_directory_path() / "tickrelay-fleet-XXXXXX").string();
    ASSERT_NE(mkdtemp(data_dir.data()), nullptr);
    {
        Fleet fleet(1, 120);
        fleet.configuration_store = "journal_events = 1000\n";
        fleet.arguments = {"--data-dir", data_dir};
        ASSERT_NO_FATAL_FAILURE(fleet.start(1));
        ASSERT_EQ(fleet.spawn(0, "room"), 0U);
        ASSERT_EQ(events_after(*fleet.relays[0], 0, 1, "room.spawned").size(), 1U);
        fleet.nats.kill_it(0);
        ctl::Connection many(fleet.relays[0]->admin());
        // What is under way when the server goes is flushed when it comes back, up to two batches of 512: more than those and the spool hold.
        for (int i = 0; i < 3'000; ++i) many.call("room.update", {{"room_id", "room"}, {"metadata", {{"n", i}}}});
        ASSERT_TRUE(eventually([&] { return fleet.relays[0]->metric("tickrelay_journal_dropped_total") >= 2'000; }));
        ASSERT_TRUE(eventually([&] { return fleet.relays[0]->metric("tickrelay_journal_age_seconds") > 1; })) << "it was not sent, and that is known";
        fleet.nats.start(0);
        ctl::Connection admin(fleet.relays[0]->admin());
        ASSERT_NO_FATAL_FAILURE(subscribe(admin, {{"fleet", true}, {"after_seq", 0}}));
        std::map<std::uint64_t, int> seen;
        std::set<std::uint64_t> lost;
        while (!seen.contains(3'001)) {  // the room, and then its updates
            const Json told = admin.next_notification(), params = told.at("params");
            if (told.at("method") == "event") ++seen[params.at("node_seq")];
            if (told.at("method") != "events.lost") continue;
            EXPECT_EQ(params.at("node"), "node-0");
            for (std::uint64_t seq = params.at("from"); seq <= params.at("to"); ++seq) lost.insert(seq);
        }
        EXPECT_GE(lost.size(), 400U);
        for (std::uint64_t seq = 1; seq <= 3'001; ++seq) {
            EXPECT_LE(seen[seq], 1) << seq << " came twice";
            EXPECT_TRUE(seen[seq] == 1 || lost.contains(seq)) << seq << " is neither told nor told to be lost";
        }
    }
    std::filesystem::remove_all(data_dir);
}

}  // namespace
}  // namespace tickrelay::test
