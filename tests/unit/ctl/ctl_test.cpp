#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "relay/door/admin.h"
#include "relay/log.h"
#include "tests/unit/door/fake_controls.h"
#include "tools/ctl/show.h"
#include "tools/ctl/verbs.h"

namespace tickrelay::ctl {
namespace {

using nlohmann::json;

const RoomKey* key(const char* name) { return &room_keys()[*find_room_key(name)]; }

class CtlTest : public testing::Test {
  protected:
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() /
        ("tickrelay-ctl-" + std::to_string(getpid()) + testing::UnitTest::GetInstance()->current_test_info()->name());
    FakeControls controls;
    EventRing events;
    AdminSocket admin{controls, events};
    Common common{folder / "admin.sock", false};
    Common as_json{folder / "admin.sock", true};

    void SetUp() override {
        log::set_level(log::Level::off);
        std::filesystem::create_directory(folder);
        ASSERT_FALSE(admin.start(common.admin));
    }
    void TearDown() override {
        admin.stop();
        std::filesystem::remove_all(folder);
        log::set_level(log::Level::info);
    }
    // What the verb printed; its exit code must be `code`.
    template <typename Verb>
    std::string said(const Verb& verb, int code = exit_clean) {
        testing::internal::CaptureStdout();
        EXPECT_EQ(verb(), code);
        std::fflush(stdout);
        return testing::internal::GetCapturedStdout();
    }
    template <typename Verb>
    Failure failure(const Verb& verb) {
        try {
            verb();
        } catch (const Failure& failed) {
            return failed;
        }
        ADD_FAILURE() << "it did not fail";
        return {0, ""};
    }
};

TEST_F(CtlTest, TablesOfThousandsOfRoomsComeThroughThePages) {
    for (int i = 0; i < 2'500; ++i) controls.add_room("room-" + std::to_string(i));
    const std::string text = said([&] { return rooms(common, "", 0); });
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2'501);
    EXPECT_EQ(json::parse(said([&] { return rooms(as_json, "", 1'200); })).at("rooms").size(), 1'200U);
    EXPECT_EQ(said([&] { return rooms(common, "chat", 0); }), "no rooms\n");
}

TEST_F(CtlTest, ARefusalIsOneAndItsReasonIsNamed) {
    const Failure refused = failure([&] { return room(common, "none"); });
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(std::string(refused.what()).find("room_not_found: there is no room none"), std::string::npos);
}

TEST_F(CtlTest, WithoutARelayTheExitCodeIsThreeAndTheRemedyIsNamed) {
    const Failure gone = failure([&] { return info({folder / "other.sock", false}); });
    EXPECT_EQ(gone.code, 3);
    EXPECT_NE(std::string(gone.what()).find("other.sock: nothing is there"), std::string::npos) << gone.what();
    EXPECT_NE(std::string(gone.what()).find("tickrelay --dev"), std::string::npos);
}

TEST_F(CtlTest, SpawnSendsEachKeyInItsShape) {
    std::ofstream(folder / "bad.bfbs") << "no schema";
    EXPECT_EQ(said([&] {
                  return spawn(common, {{key("id"), "42"},
                                        {key("tick_rate"), "30"},
                                        {key("private"), "true"},
                                        {key("metadata"), R"({"map": "x"})"},
                                        {key("grace_s"), "1.5"}});
              }),
              "42  ws://127.0.0.1:8350  on node-a\n");
    const RoomSettings& settings = controls.spawns.at(0).settings;
    EXPECT_EQ(settings.id, "42");
    EXPECT_EQ(settings.tick_rate, 30);
    EXPECT_TRUE(settings.is_private);
    EXPECT_EQ(settings.grace_ms, 1'500U);
    EXPECT_EQ(failure([&] { return spawn(common, {{key("tick_rate"), "fast"}}); }).code, 2);
    EXPECT_EQ(failure([&] { return spawn(common, {{key("metadata"), "[1]"}}); }).code, 2);
    EXPECT_EQ(failure([&] { return spawn(common, {{key("schema"), folder / "none.bfbs"}}); }).code, 2);
    EXPECT_EQ(failure([&] { return spawn(common, {{key("schema"), folder / "bad.bfbs"}}); }).code, 1);
}

TEST_F(CtlTest, ARoomIsShownWithItsPlayersAndComponents) {
    RoomInfo& room = controls.add_room("a");
    room.players.push_back({"ada\x1b[31m", 1, wire::Role::Player, true, 20, 55, 1000, 2, {}});
    ComponentInfo health{.name = "arena.Health", .entities = 3, .fields = {{"points", 750}, {"shield", 0}}};
    health.bytes = 800, health.bytes_per_s = 20;
    room.components.push_back(health);
    room.frames = {.count = 10, .bytes = 1000, .envelope = 150, .events = 0, .other = 50, .bytes_per_s = 25};
    const std::string text = said([&] { return ctl::room(common, "a"); });
    EXPECT_NE(text.find("arena.Health"), std::string::npos);
    EXPECT_NE(text.find("800 B   80.0"), std::string::npos) << text;
    EXPECT_NE(text.find(".points"), std::string::npos);
    EXPECT_EQ(text.find(".shield"), std::string::npos) << "of which nothing was sent";
    EXPECT_NE(text.find("(envelope)"), std::string::npos);
    EXPECT_NE(text.find("ada?[31m"), std::string::npos) << "a player's name does not steer the terminal";
    EXPECT_EQ(json::parse(said([&] { return ctl::room(as_json, "a"); })).at("players").size(), 1U);
    const std::string all = said([&] { return top(common, true, 1); });
    EXPECT_NE(all.find("a "), std::string::npos);
    EXPECT_NE(all.find("arena.Health 20 B/s"), std::string::npos) << all;
}

TEST_F(CtlTest, WatchPrintsEventsUntilTheRelayGoes) {
    EventWriter writer(events);
    writer.push({.type = RelayEventType::player_joined, .room_id = "a", .player_id = "ada"});
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    std::fflush(stdout);
    const int terminal = dup(STDOUT_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    ::close(ends[1]);
    std::string text;
    std::jthread reader([&] {  // the relay goes when a line was printed
        char part[256];
        while (text.find('\n') == std::string::npos) {
            const ssize_t bytes = read(ends[0], part, sizeof part);
            if (bytes <= 0) return;
            text.append(part, static_cast<std::size_t>(bytes));
        }
        admin.stop();
    });
    EXPECT_EQ(failure([&] { return watch(common, "a", 0); }).code, 3);
    dup2(terminal, STDOUT_FILENO);  // the last end to write to: the reader ends, whatever came
    ::close(terminal);
    reader.join();
    ::close(ends[0]);
    EXPECT_NE(text.find("player.joined  room_id=a  player_id=ada"), std::string::npos) << text;
}

TEST_F(CtlTest, DoctorNamesWhatIsWrong) {
    const std::string text = said([&] { return doctor(common); }, exit_refused);
    EXPECT_NE(text.find("ok    socket"), std::string::npos) << text;
    EXPECT_NE(text.find("FAIL  readiness"), std::string::npos) << text;
}

TEST_F(CtlTest, CallTakesAnyMethod) {
    EXPECT_EQ(json::parse(said([&] { return ctl::call(common, "relay.info", ""); })).at("node"), "node-a");
    EXPECT_EQ(failure([&] { return ctl::call(common, "relay.info", "[]"); }).code, 2);
    EXPECT_EQ(failure([&] { return ctl::call(common, "relay.nifo", ""); }).code, 1);
}

TEST_F(CtlTest, SchemasAreComparedAsOldClientsSeeThem) {
    const std::string generated = CTL_SCHEMAS;
    const auto check = [&](const std::string& before, const std::string& after, int code) {
        return said([&] { return check_schema(common, generated + before + ".bfbs", generated + after + ".bfbs"); },
                    code);
    };
    EXPECT_EQ(check("arena", "arena", 0), "the same layout\n");
    const std::string grown = check("arena", "arena_grown", 0);
    EXPECT_NE(grown.find("additive  arena.Armour is new\n"), std::string::npos) << grown;
    EXPECT_NE(grown.find("additive  arena.Health.regeneration is new, at the end\n"), std::string::npos) << grown;
    EXPECT_EQ(grown.find("BREAKING"), std::string::npos) << grown;
    const std::string shrunk = check("arena_grown", "arena", 1);
    EXPECT_NE(shrunk.find("BREAKING  arena.Armour is gone\n"), std::string::npos) << shrunk;
    const std::string broken = check("arena", "arena_broken", 1);
    for (const auto* change :
         {"arena.Transform.pos.x changes its precision", "arena.Transform.yaw is no longer an angle",
          "arena.Health.points is now shield", "arena.Score.deaths is gone", "arena.Score is no longer each player's",
          "arena.Name was a table and is a struct"}) {
        EXPECT_NE(broken.find(std::string("BREAKING  ") + change), std::string::npos) << change << "\n" << broken;
    }
    EXPECT_EQ(failure([&] { return check_schema(common, "none", "none"); }).code, 2);
}

TEST(Show, TablesAlignByCharactersNotBytes) {
    Table table({"NAME", ">N"});
    table.add({"é", "1"});
    table.add({"long", "100"});
    EXPECT_EQ(table.text(), "NAME    N\né       1\nlong  100\n");
}

TEST(Show, NumbersAreShort) {
    EXPECT_EQ(bytes_text(999), "999 B");
    EXPECT_EQ(bytes_text(1'560'000), "1.6 MB");
    EXPECT_EQ(duration_text(59), "59 s");
    EXPECT_EQ(duration_text(3'600 * 26), "1 d 2 h");
    EXPECT_EQ(printable("a\nb\x7f\xc2\x9b"
                        "c"),
              "a?b??c");
}

}  // namespace
}  // namespace tickrelay::ctl
