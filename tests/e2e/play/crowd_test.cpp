// Many connections at once.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "tests/e2e/play/relay_process.h"
#include "tests/e2e/play/wire_player.h"

namespace tickrelay::test {
namespace {

constexpr const char* roomy = "[quota]\nconnections = 16384\nconnections_per_address = 16384\n";

TEST(Crowd, AThousandJoinsForTenSeatsGiveExactlyTen) {
    RelayProcess relay({.configuration = roomy});
    ASSERT_TRUE(relay.ready());
    const std::string made = relay.call("room.spawn", R"({"id":"ten","max_players":10})");
    ASSERT_NE(made.find("\"result\""), std::string::npos) << made;
    std::vector<std::unique_ptr<WirePlayer>> players;
    for (int i = 0; i < 1'000; ++i) {
        players.push_back(std::make_unique<WirePlayer>(relay.port()));
        ASSERT_TRUE(players.back()->upgrade()) << i;
    }
    for (std::size_t i = 0; i < players.size(); ++i) ASSERT_TRUE(players[i]->ask("ten", "player " + std::to_string(i)));
    std::map<int, int> answers;  // close code, 0: welcome
    ASSERT_TRUE(eventually([&] {
        answers.clear();
        bool all = true;
        for (const auto& player : players) {
            if (player->close_code() == 0 && !player->welcomed()) (void)player->step(64 * 1024, [](const Arrival&) {});
            all = all && (player->welcomed() || player->close_code() != 0);
            ++answers[player->close_code()];
        }
        return all;
    }));
    EXPECT_EQ(answers, (std::map<int, int>{{0, 10}, {4430, 990}}));
    EXPECT_EQ(relay.metric("tickrelay_players"), 10);
    EXPECT_EQ(relay.metric("tickrelay_refused_total{reason=\"room_full\"}"), 990);
}

// Seated, in rooms where nothing happens: a connection without a seat is closed after 5 s.
TEST(Crowd, TenThousandIdleConnectionsCostLittleMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer's own memory would be counted";
#endif
    constexpr std::size_t connections = 10'000;
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < connections + 200) GTEST_SKIP() << "needs " << connections + 200 << " open files, the limit is " << files.rlim_max;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    RelayProcess relay({.configuration = roomy});
    ASSERT_TRUE(relay.ready());
    constexpr std::size_t rooms = 200;
    for (std::size_t i = 0; i < rooms; ++i) {
        const std::string made = relay.call("room.spawn", R"({"max_players":64,"tick_rate":1,"id":"idle )" + std::to_string(i) + "\"}");
        ASSERT_NE(made.find("\"result\""), std::string::npos) << made;
    }
    std::vector<std::unique_ptr<WirePlayer>> players;
    const auto nothing = [](const Arrival&) {};
    const auto all_hear_on = [&] {  // and acknowledge, well within the 10 s that they have
        return std::all_of(players.begin(), players.end(), [&](const auto& player) { return player->step(64 * 1024, nothing); });
    };
    const auto connect = [&](std::size_t count) {
        while (players.size() < count) {
            for (int i = 0; i < 100; ++i) {
                players.push_back(std::make_unique<WirePlayer>(relay.port(), 4'096));
                const std::string room = "idle " + std::to_string(players.size() % rooms);
                if (!players.back()->ask(room, std::to_string(players.size()))) return false;
            }
            if (!eventually([&] { return all_hear_on() && players.back()->welcomed(); })) return false;
        }
        return eventually([&] {
            return all_hear_on() && std::all_of(players.begin(), players.end(), [](const auto& player) { return player->welcomed(); });
        });
    };
    ASSERT_TRUE(connect(100)) << players.back()->close_text();
    const std::size_t before_kib = relay.memory_kib();
    ASSERT_TRUE(connect(connections + 100)) << players.size() << ": " << players.back()->close_code() << " " << players.back()->close_text();
    const double each = static_cast<double>(relay.memory_kib() - before_kib) * 1024 / static_cast<double>(connections);
    std::printf("10,000 seated, idle connections: %.0f bytes of the relay's memory each\n", each);
    RecordProperty("bytes_per_connection", static_cast<int>(each));
    EXPECT_EQ(relay.metric("tickrelay_connections"), static_cast<double>(connections + 100));
    EXPECT_LE(each, 5 * 1024);
}

}  // namespace
}  // namespace tickrelay::test
