#include "relay/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "relay/door/demo_schema.h"

namespace tickrelay {
namespace {

class ConfigTest : public testing::Test {
  protected:
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("tickrelay-config-" + std::to_string(getpid()) +
                                                  testing::UnitTest::GetInstance()->current_test_info()->name());
    Environment environment;

    void SetUp() override { std::filesystem::create_directory(folder); }
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::string file(const std::string& text) {
        std::ofstream(folder / "relay.toml") << text;
        return (folder / "relay.toml").string();
    }
    static constexpr const char* secret = "a-secret-of-tests-of-32-bytes-and-more";
    std::string key(const std::string& name) {
        std::ofstream(folder / name) << std::string(secret).append(name) << "\n";
        return "file:" + (folder / name).string();
    }
    std::variant<Config, Exit> run(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "tickrelay");
        return configure(arguments, environment);
    }
    Config good(const std::vector<std::string>& arguments) {
        auto result = run(arguments);
        if (auto* config = std::get_if<Config>(&result)) return std::move(*config);
        ADD_FAILURE() << std::get<Exit>(result).text;
        return {};
    }
    Exit end(const std::vector<std::string>& arguments) {
        auto result = run(arguments);
        if (auto* exit = std::get_if<Exit>(&result)) return *exit;
        ADD_FAILURE() << "it would run";
        return {};
    }
    void expect_error(const std::string& text, const std::string& message) {
        const Exit exit = end({"--config", file(text)});
        EXPECT_EQ(exit.code, 1);
        EXPECT_NE(exit.text.find(message), std::string::npos) << exit.text;
    }
};

TEST_F(ConfigTest, FlagsBeatTheEnvironmentBeatsTheFileBeatsTheDefaults) {
    const auto path =
        file("auth = \"none\"\nlisten = \"1.1.1.1:1\"\nops_listen = \"1.1.1.1:2\"\nworkers = 3\n[quota]\nrooms = 9\n");
    environment = {
        {"TICKRELAY_LISTEN", "2.2.2.2:1"}, {"TICKRELAY_OPS_LISTEN", "2.2.2.2:2"}, {"TICKRELAY_QUOTA_ROOMS", "8"}};
    const Config config = good({"--config", path, "--listen", "[::]:3"});
    EXPECT_EQ(config.options.listen, (Address{"::", 3}));
    EXPECT_EQ(config.options.ops_listen, (Address{"2.2.2.2", 2}));
    EXPECT_EQ(config.options.workers, 3U);
    EXPECT_EQ(config.options.quota_rooms, 8U);
    EXPECT_EQ(config.options.drain_deadline_s, 30);
    EXPECT_EQ(config.options.auth, Auth::none);
}

TEST_F(ConfigTest, TheDefaultsAreTheContracts) {
    environment = {{"TICKRELAY_AUTH", "none"}};
    const Config config = good({});
    EXPECT_EQ(to_string(config.options.listen), "0.0.0.0:8350");
    EXPECT_EQ(to_string(config.options.ops_listen), "127.0.0.1:8351");
    EXPECT_TRUE(config.types->contains("relay") && config.types->contains("chat") && config.types->contains("demo"));
    EXPECT_FALSE(config.types->at("relay").settings.client_creatable);
}

TEST_F(ConfigTest, ErrorsNameTheLineAndTheNearestKey) {
    expect_error("auth = \"none\"\n\nlisen = \"0.0.0.0:1\"\n",
                 "relay.toml:3: unknown key lisen, the nearest is listen");
    expect_error("[quota]\nroms = 3\n", "relay.toml:2: unknown key quota.roms, the nearest is rooms");
    expect_error("[qota]\nrooms = 3\n", "relay.toml:1: unknown key qota, the nearest is quota");
    expect_error("[type.arena]\ntick_rte = 3\n",
                 "relay.toml:2: unknown key type.arena.tick_rte, the nearest is tick_rate");
    expect_error("\nworkers = 900\n", "relay.toml:2: workers must be a whole number from 0 to 64");
    expect_error("workers = \"two\"\n", "relay.toml:1: workers must be a whole number");
    expect_error("listen = \"8350\"\n", "relay.toml:1: listen must be HOST:PORT");
    expect_error("listen = \"::1:8350\"\n", "relay.toml:1: listen must be HOST:PORT");
    expect_error("[type.a]\n\ntick_rate = 241\n",
                 "relay.toml:3: type.a.tick_rate must be a whole number from 1 to 240");
    expect_error("[type.a]\ntick_rate = 30\nsend_rate = 20\n", "relay.toml:1: type.a: send_rate 20 does not divide");
    expect_error("[type.a]\ncreate = \"all\"\n", "relay.toml:2: type.a.create must be");
    expect_error("[type.a]\nid = \"x\"\n", "relay.toml:2: unknown key type.a.id");
    expect_error("a = \n", "relay.toml:1:");
    expect_error("\n[[[\n", "relay.toml:2:");
    expect_error("workers = 0x\xCE\xB9\n", "relay.toml:1:");  // a Greek letter
    expect_error("auth = \"maybe\"\n", "\"tickets\", \"none\"");
}

TEST_F(ConfigTest, EveryErrorIsToldAtOnce) {
    const Exit exit = end({"--config", file("lisen = 1\nworkers = 900\n")});
    EXPECT_NE(exit.text.find(":1:"), std::string::npos);
    EXPECT_NE(exit.text.find(":2:"), std::string::npos);
}

TEST_F(ConfigTest, RoomTypesComeFromSections) {
    std::filesystem::create_directory(folder / "schemas");
    const auto bytes = demo_schema();
    std::ofstream(folder / "schemas" / "a.bfbs", std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    const Config config = good(
        {"--config", file("auth = \"none\"\n[type.arena]\nschema = \"schemas/a.bfbs\"\ntick_rate = 60\nsend_rate = 20\n"
                          "max_players = 8\ncreate = \"clients\"\ncodec = \"packed\"\nmetadata = { mode = \"duel\" }\n"
                          "[type.chat]\nhistory = 50\n")});
    const RoomSettings& arena = config.types->at("arena").settings;
    EXPECT_EQ(arena.type, "arena");
    EXPECT_TRUE(arena.layout->find("arena.Transform"));
    EXPECT_EQ(arena.tick_rate, 60);
    EXPECT_EQ(arena.send_rate, 20);
    EXPECT_TRUE(arena.client_creatable);
    EXPECT_EQ(arena.codec, wire::Codec::Packed);
    EXPECT_NE(arena.metadata.find("duel"), std::string::npos);
    EXPECT_EQ(config.types->at("chat").settings.history, 50U);
    EXPECT_EQ(config.types->at("chat").settings.logic, "chat") << "a built-in type keeps the rest";
    expect_error("[type.a]\nschema = \"missing.bfbs\"\n", "relay.toml:2: cannot read the schema");
}

TEST_F(ConfigTest, WithoutAnyWordOnWhoMayJoinItDoesNotStart) {
    const Exit exit = end({});
    EXPECT_EQ(exit.code, 1);
    for (const auto* way : {"--dev", "ticket_key = \"file:", "openssl rand -base64 48 > ", "auth = \"none\"", "TICKRELAY_AUTH"}) {
        EXPECT_NE(exit.text.find(way), std::string::npos) << way;
    }
    environment = {{"TICKRELAY_AUTH", "tickets"}};
    EXPECT_EQ(end({}).code, 1) << "tickets of whom?";
    environment = {{"TICKRELAY_TICKET_KEY", key("ticket.key")}};
    EXPECT_EQ(good({}).options.auth, Auth::tickets) << "a key is word enough";
    environment.emplace("TICKRELAY_AUTH", "none");
    EXPECT_EQ(good({}).options.auth, Auth::none) << "then tickets are for those who want a role or a name";
}

TEST_F(ConfigTest, KeysAreNamedByFileLineAndRemedyAndNeverShown) {
    const std::string one = key("one.key"), two = key("two.key");
    const std::string text = "ticket_key = \"" + one + "\"\n[tickets]\nkeys = [\"a=" + two + "\"]\naudience = \"game\"\nleeway = 2.5\n";
    const Config config = good({"--config", file(text)});
    EXPECT_EQ(config.options.ticket_key, one);
    EXPECT_EQ(config.options.ticket_keys, std::vector<std::string>{"a=" + two});
    EXPECT_EQ(config.options.ticket_audience, "game");
    EXPECT_EQ(config.options.ticket_leeway_s, 2.5);
    const std::string printed = end({"--config", file(text), "--print-config"}).text;
    EXPECT_NE(printed.find("ticket_key = \"" + one + "\""), std::string::npos);
    EXPECT_EQ(printed.find(secret), std::string::npos);
    expect_error("auth = \"tickets\"\nticket_key = \"file:/nowhere\"\n", "relay.toml:2: ticket_key cannot read file:/nowhere: No such file");
    expect_error("[tickets]\nkeys = [\"" + one + "\", \"a=env:TICKRELAY_TEST_UNSET\"]\n", "relay.toml:2: tickets.keys entry 2: env:");
    expect_error("ticket_key = \"" + one + "\"\n[tickets]\nkeys = [\"" + two + "\"]\n", "entry 2: a second key without a name");
    expect_error("auth = \"none\"\n[tickets]\nsession_key = \"x\"\n", "relay.toml:3: tickets.session_key must be file:PATH or env:NAME");
    expect_error("auth = \"none\"\n[tickets]\nleeway = 301\n", "relay.toml:3: tickets.leeway must be a number of seconds from 0 to 300");
    const Exit secret_in_place = end({"--config", file("ticket_key = \"" + std::string(secret) + "\"\n")});
    EXPECT_EQ(secret_in_place.code, 1);
    EXPECT_EQ(secret_in_place.text.find(secret), std::string::npos) << "an error goes to logs";
}

TEST_F(ConfigTest, DevIsOnLoopbackUnlessTheFlagSaysOtherwise) {
    const Config config = good({"--dev"});
    EXPECT_TRUE(config.options.dev);
    EXPECT_EQ(config.options.auth, Auth::none);
    EXPECT_EQ(to_string(config.options.listen), "127.0.0.1:8350");
    EXPECT_TRUE(config.types->at("relay").settings.client_creatable);
    EXPECT_EQ(to_string(good({"--dev", "--listen", "0.0.0.0:0"}).options.listen), "0.0.0.0:0");
    environment = {{"TICKRELAY_LISTEN", "0.0.0.0:9000"}};
    const Config moved = good({"--dev"});
    EXPECT_EQ(to_string(moved.options.listen), "127.0.0.1:9000");
    EXPECT_EQ(moved.notes.size(), 1U);
    environment = {{"TICKRELAY_LISTEN", "[::1]:9000"}};
    EXPECT_EQ(to_string(good({"--dev"}).options.listen), "[::1]:9000");
}

TEST_F(ConfigTest, ExitCodesAreZeroOneAndTwo) {
    EXPECT_EQ(end({"--version"}).code, 0);
    EXPECT_EQ(end({"--version"}).text, "tickrelay " + std::string(version()) + "\n");
    EXPECT_EQ(end({"--help"}).code, 0);
    EXPECT_NE(end({"--help"}).text.find("--ops-listen"), std::string::npos);
    EXPECT_EQ(end({"--dev", "--check-config"}).code, 0);
    EXPECT_EQ(end({"--config", (folder / "none.toml").string()}).code, 1);
    EXPECT_EQ(end({"--lisen", "x"}).code, 2);
    EXPECT_NE(end({"--lisen", "x"}).text.find("the nearest is --listen"), std::string::npos);
    EXPECT_EQ(end({"--workers", "many"}).code, 2);
    EXPECT_EQ(end({"--listen"}).code, 2);
    EXPECT_EQ(end({"stray"}).code, 2);
    environment = {{"TICKRELAY_WORKERS", "many"}};
    EXPECT_EQ(end({"--dev"}).code, 1);
    EXPECT_NE(end({"--dev"}).text.find("TICKRELAY_WORKERS"), std::string::npos);
}

TEST_F(ConfigTest, ListsComeFromRepeatedFlagsAndCommas) {
    const Config config = good({"--dev", "--logic", "a.so", "--logic", "b.so", "--nats", "nats://x,nats://y"});
    EXPECT_EQ(config.options.logic, (std::vector<std::string>{"a.so", "b.so"}));
    EXPECT_EQ(config.options.nats, (std::vector<std::string>{"nats://x", "nats://y"}));
}

TEST_F(ConfigTest, WhatIsPrintedReadsBackAsTheSame) {
    const auto path = file(
        "auth = \"none\"\nnode_name = 'a \"b\" \\c'\nnats = [\"nats://x\"]\n[quota]\nrooms = 5\n[type.\"my "
        "arena\"]\ntick_rate = 40\n"
        "metadata = { a = 1 }\n");
    const Exit first = end({"--config", path, "--print-config"});
    EXPECT_EQ(first.code, 0);
    std::ofstream(folder / "again.toml") << first.text;
    const Exit second = end({"--config", (folder / "again.toml").string(), "--print-config"});
    EXPECT_EQ(first.text, second.text);
    for (const auto& key : config_keys()) {
        EXPECT_NE(first.text.find("\n" + std::string(key.name) + " = "), std::string::npos) << key.name;
        EXPECT_NE(first.text.find(key.environment()), std::string::npos) << key.name;
    }
    EXPECT_EQ(end({"--print-config"}).code, 0) << "before anyone said who may join";
}

TEST_F(ConfigTest, AReloadTakesWhatItCan) {
    Options running = good({"--dev"}).options;
    Options fresh = running;
    fresh.log_level = log::Level::debug;
    fresh.listen.port = 1;
    const Reloaded reloaded = reload_options(running, fresh);
    EXPECT_EQ(reloaded.taken, std::vector<std::string>{"log_level"});
    EXPECT_EQ(reloaded.need_restart, std::vector<std::string>{"listen"});
    EXPECT_EQ(running.log_level, log::Level::debug);
    EXPECT_EQ(running.listen.port, 8350);
}

TEST_F(ConfigTest, AMisspeltVariableIsNoted) {
    environment = {{"TICKRELAY_LISTN", "x"}, {"TICKRELAY_BUILD", "y"}};
    const Config config = good({"--dev"});
    ASSERT_EQ(config.notes.size(), 1U);
    EXPECT_NE(config.notes[0].find("TICKRELAY_LISTEN"), std::string::npos);
}

}  // namespace
}  // namespace tickrelay
