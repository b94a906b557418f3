// The two programs as an operator meets them: exit codes, messages, the admin socket between them.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/play/relay_process.h"
#include "tools/ctl/call.h"

namespace tickrelay::test {
namespace {

using nlohmann::json;

struct Ended {
    int code = -1;
    std::string text;  // both streams
};

Ended run(const std::string& command) {
    Ended ended;
    std::FILE* output = popen(("timeout 20 " + command + " 2>&1").c_str(), "r");
    if (output == nullptr) return ended;
    char part[4096];
    while (const auto bytes = std::fread(part, 1, sizeof part, output)) ended.text.append(part, bytes);
    const int status = pclose(output);
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ended;
}

Ended relay(const std::string& arguments) { return run(std::string(TICKRELAY_PROGRAM) + " " + arguments); }

void expect(const Ended& ended, int code, const std::string& text) {
    EXPECT_EQ(ended.code, code) << ended.text;
    EXPECT_NE(ended.text.find(text), std::string::npos) << ended.text;
}

class Programs : public testing::Test {
  protected:
    RelayProcess process;

    void SetUp() override { ASSERT_TRUE(process.ready()); }
    Ended ctl(const std::string& arguments) {
        return run(TICKRELAYCTL_PROGRAM " --admin " + process.admin() + " " + arguments);
    }
    json ctl_json(const std::string& arguments) {
        const Ended ended = ctl("--json " + arguments);
        EXPECT_EQ(ended.code, 0) << ended.text;
        const json parsed = json::parse(ended.text, nullptr, false);
        EXPECT_TRUE(parsed.is_object()) << ended.text;
        return parsed;
    }
};

TEST_F(Programs, ARoomIsSpawnedFoundAgainWrittenReadAndClosed) {
    const std::string spawn =
        "spawn --id arena --schema " + process.folder() + "/arena.bfbs --tick-rate 30 --empty-ttl-s 0";
    const json spawned = ctl_json(spawn);
    EXPECT_EQ(spawned.at("room_id"), "arena");
    EXPECT_EQ(ctl_json(spawn), spawned) << "a retry is safe";
    expect(ctl("spawn --id arena --tick-rate 20"), 1, "room_exists");
    EXPECT_EQ(ctl_json("rooms").at("rooms").at(0).at("tick_rate"), 30);
    expect(ctl("room arena"), 0, "arena.Transform");
    const Ended set = ctl(R"(call room.set '{"room_id": "arena", "component": "Health", "fields": {"points": 9}}')");
    EXPECT_EQ(set.code, 0) << set.text;
    EXPECT_EQ(ctl_json("state arena").at("entities").at("0").at("arena.Health").at("points"), 9);
    EXPECT_EQ(ctl_json("close arena"), json::object());
    expect(ctl("room arena"), 1, "room_not_found");
}

TEST_F(Programs, WatchTellsOfRoomsThatCameAndWent) {
    ctl("spawn --id a");
    ctl("close a");
    const Ended watched =
        run("timeout 2 " TICKRELAYCTL_PROGRAM " --admin " + process.admin() + " watch a --after-seq 0");
    for (const auto* part : {"room.spawned  room_id=a", "room.closed  room_id=a"}) {
        EXPECT_NE(watched.text.find(part), std::string::npos) << watched.text;
    }
}

TEST_F(Programs, ADrainingRelayTakesNoRoomsUntilItIsUndrained) {
    EXPECT_EQ(ctl("doctor").code, 0);
    EXPECT_EQ(ctl_json("drain").at("rooms"), 0);
    EXPECT_EQ(ctl_json("info").at("draining"), true);
    expect(ctl("spawn"), 1, "draining");
    expect(ctl("doctor"), 1, "/readyz says 503");
    EXPECT_EQ(ctl("undrain").code, 0);
    EXPECT_EQ(ctl("spawn").code, 0);
    EXPECT_EQ(ctl("doctor").code, 0);
}

TEST_F(Programs, WhatIsAlreadyTakenIsNamed) {
    const std::string listen = "127.0.0.1:" + std::to_string(process.port());
    const std::string other = " --admin " + process.folder() + "/other.sock";
    expect(relay("--dev --ops-listen 127.0.0.1:0 --listen " + listen + other), 1, listen);
    expect(relay("--dev --listen 127.0.0.1:0 --ops-listen 127.0.0.1:" + std::to_string(process.ops_port()) + other), 1,
           std::to_string(process.ops_port()));
    expect(relay("--dev --listen 127.0.0.1:0 --ops-listen 127.0.0.1:0 --admin " + process.admin()), 1,
           "already answers at " + process.admin());
    EXPECT_EQ(ctl("info").code, 0) << "the live one was not disturbed";
}

TEST_F(Programs, SighupTakesNewTypes) {
    expect(ctl("spawn --type duel"), 1, "unknown_type");
    std::ofstream(process.folder() + "/relay.toml") << "[type.duel]\nmax_players = 2\n";
    ASSERT_EQ(kill(ctl::Connection(process.admin()).peer_pid(), SIGHUP), 0);
    EXPECT_TRUE(eventually([&] { return ctl("spawn --type duel --id d").code == 0; }));
    EXPECT_EQ(ctl_json("room d").at("settings").at("max_players"), 2);
    std::ofstream(process.folder() + "/relay.toml") << "[type.duel]\nmax_playrs = 2\n";
    ASSERT_EQ(kill(ctl::Connection(process.admin()).peer_pid(), SIGHUP), 0);
    EXPECT_EQ(ctl("spawn --type duel").code, 0) << "a bad file changes nothing";
}

TEST_F(Programs, TheToolsExitCodesAreTheContracts) {
    EXPECT_EQ(ctl("info").code, 0);
    expect(ctl("kick none ada"), 1, "room_not_found");
    EXPECT_EQ(ctl("room").code, 2);
    expect(ctl("roms"), 2, "nearest is rooms");
    EXPECT_EQ(ctl("spawn --tick-rate fast").code, 2);
    expect(run(TICKRELAYCTL_PROGRAM " --admin /nowhere/admin.sock info"), 3, "--admin PATH");
    expect(ctl("version"), 0, "tickrelayctl ");
    EXPECT_EQ(run(TICKRELAYCTL_PROGRAM " --help").code, 0);
}

TEST(Relay, ItsExitCodesAreTheContracts) {
    EXPECT_EQ(relay("--version").code, 0);
    EXPECT_EQ(relay("--help").code, 0);
    EXPECT_EQ(relay("--dev --check-config").code, 0);
    expect(relay("--print-config"), 0, "listen = ");
    expect(relay("--config /nowhere/relay.toml"), 1, "/nowhere/relay.toml");
    expect(relay(""), 1, "auth = \"none\"");
    expect(relay("--lisen x"), 2, "nearest is --listen");
    expect(relay("--dev --workers many"), 2, "--workers must be");
}

TEST(Relay, IsFoundWhereTheContractSays) {
    std::string folder = (std::filesystem::temp_directory_path() / "tickrelay-find-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    setenv("XDG_RUNTIME_DIR", folder.c_str(), 1);
    const Ended found =
        run("sh -c '" TICKRELAY_PROGRAM
            " --dev --listen 127.0.0.1:0 --ops-listen 127.0.0.1:0 >/dev/null 2>&1 & "
            "for n in $(seq 100); do " TICKRELAYCTL_PROGRAM " doctor && break; sleep 0.1; done; kill $!; wait $!'");
    expect(found, 0, folder + "/tickrelay/admin.sock");
    unsetenv("XDG_RUNTIME_DIR");
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tickrelay::test
