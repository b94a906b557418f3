// The match servers of tools/match-servers, each with a relay of its own that asks for tickets: two players of the SDK play until it writes a result.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/e2e/match-servers/match_server.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/relay_process.h"
#include "tools/ctl/call.h"

namespace tickrelay::test {
namespace {

using nlohmann::json;

struct Language {
    std::string name;
    std::vector<std::string> command;
};
void PrintTo(const Language& language, std::ostream* out) { *out << language.name; }

Language in(std::string name, std::vector<std::string> command, const char* file) {
    command.push_back(std::string(TICKRELAY_MATCH_SERVERS "/") + file);
    return {.name = std::move(name), .command = std::move(command)};
}

bool installed(const std::string& program) { return std::system(("command -v " + program + " >/dev/null").c_str()) == 0; }

class MatchServers : public testing::TestWithParam<Language> {
  protected:
    void SetUp() override {
        if (!installed(GetParam().command.front())) GTEST_SKIP() << "needs " << GetParam().command.front() << ": tools/packages test";
        setenv("TICKRELAY_TEST_TICKET_KEY", "bWF0Y2ggc2VydmVycyBzaWduIHRpY2tldHMgd2l0aCB0aGlz", 1);
        setenv("GO111MODULE", "off", 1);
        setenv("GOCACHE", TICKRELAY_GO_CACHE, 1);
        if (GetParam().name == "Go") {  // its first build compiles Go's own library, too
            ASSERT_EQ(std::system(("go build -o /dev/null " + GetParam().command.back()).c_str()), 0);
        }
        std::string folder = (std::filesystem::temp_directory_path() / "tickrelay-match-XXXXXX").string();
        ASSERT_NE(mkdtemp(folder.data()), nullptr);
        data_dir = folder;
        start();
    }
    void TearDown() override {
        relay.reset();
        std::filesystem::remove_all(data_dir);
    }
    void start() {
        relay = std::make_unique<RelayProcess>(RelaySettings{.configuration = "ticket_key = \"env:TICKRELAY_TEST_TICKET_KEY\"\ndrain_deadline = 0\n",
                                                             .arguments = {"--data-dir", data_dir}});
        ASSERT_TRUE(relay->ready()) << relay->log();
    }
    // What the journal holds up to the first event of this type.
    std::vector<json> events_until(const std::string& type) const {
        ctl::Connection admin(relay->admin());
        admin.call("events.subscribe", {{"after_seq", 0}});
        std::vector<json> events;
        while (events.empty() || events.back()["type"] != type) events.push_back(admin.next_notification()["params"]);
        return events;
    }

    std::string data_dir;
    std::unique_ptr<RelayProcess> relay;
};

TEST_P(MatchServers, AMatchIsPlayedToItsResultWhichTheJournalKeeps) {
    MatchServer server(GetParam().command, relay->admin());
    const auto tickets = server.tickets(2);
    ASSERT_EQ(tickets.size(), 2U);
    Guest ada(tickets.at("ada").url), bob(tickets.at("bob").url), stranger(relay->url());
    ada.enter(ada.client.join_with_ticket(tickets.at("ada").text));
    bob.enter(bob.client.join_with_ticket(tickets.at("bob").text));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return ada.joined && bob.joined; })) << ada.left_reason << bob.left_reason;
    EXPECT_EQ(ada.room->player_id(), "ada");
    stranger.join_by_id(ada.room->room_id());
    ASSERT_TRUE(until({&ada, &bob, &stranger}, [&] { return stranger.left != 0; }));
    EXPECT_EQ(stranger.left, close_code::bad_ticket) << "without a ticket nobody plays";

    const auto score = [&](Guest& by, const std::string& then) {
        by.room->send("point", "");
        return until({&ada, &bob}, [&] { return ada.count("score " + then) == 1 && bob.count("score " + then) == 1; });
    };
    EXPECT_TRUE(score(ada, "ada 1"));
    EXPECT_TRUE(score(bob, "bob 1"));
    ada.room->send("talk", "of something else");
    EXPECT_TRUE(score(ada, "ada 2"));
    ada.room->send("point", "");
    ASSERT_TRUE(until({&ada, &bob}, [&] { return ada.left != 0 && bob.left != 0; }));
    EXPECT_EQ(ada.left, close_code::room_closed);
    EXPECT_EQ(bob.left_reason, "room_closed: ada wins");
    EXPECT_EQ(server.ended(), 0);

    const std::string room_id = ada.room->room_id();
    relay->kill_it();
    start();
    const json result = events_until("room.result").back();
    EXPECT_EQ(result.at("room_id"), room_id);
    EXPECT_EQ(result.at("data"), json::parse(R"({"winner": "ada", "points": {"ada": 3, "bob": 1}})"));
}

TEST_P(MatchServers, ARoomThatEndsWithoutAWinnerIsToldByTheExitCode) {
    MatchServer server(GetParam().command, relay->admin());
    ASSERT_EQ(server.tickets(2).size(), 2U);
    ctl::Connection admin(relay->admin());
    admin.call("room.close", {{"room_id", admin.call("room.list", json::object())["rooms"][0]["room_id"]}});
    EXPECT_GT(server.ended(), 0);
    for (const json& event : events_until("room.closed")) EXPECT_NE(event["type"], "room.result");
}

INSTANTIATE_TEST_SUITE_P(Languages, MatchServers,
                         testing::Values(in("Python", {"python3"}, "match_server.py"), in("Node", {"node"}, "match_server.mjs"),
                                         in("Php", {"php"}, "match_server.php"), in("Go", {"go", "run"}, "match_server.go")),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tickrelay::test
