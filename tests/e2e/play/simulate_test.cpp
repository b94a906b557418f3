// What a tester sets for a player is what its client measures; nobody else notices, and nothing is lost.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "schema/arena_generated.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/relay_process.h"
#include "tests/e2e/play/wire_player.h"

namespace tickrelay::test {
namespace {

constexpr int ticks_hz = 30;
constexpr std::int64_t a_second_us = 1'000'000;

class Simulate : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(relay.ready());
        const std::string made = relay.call("room.spawn", R"({"type":"arena","id":"field","tick_rate":30})");
        ASSERT_NE(made.find("\"result\""), std::string::npos) << made;
        for (Guest* guest : {&ada, &bob}) guest->join_by_id("field", {.player_id = guest == &ada ? "ada" : "bob"});
        ASSERT_TRUE(until({&ada, &bob}, [&] { return ada.joined && bob.joined && ada.room->latency() > 0 && bob.room->latency() > 0; }));
    }
    void simulate(const std::string& conditions) {
        const std::string answer = relay.call("player.simulate", R"({"room_id":"field","player_id":"ada")" + conditions + "}");
        ASSERT_NE(answer.find("\"result\""), std::string::npos) << answer;
    }
    // The SDK averages: a quarter from each of its pings.
    bool latency_becomes(double least_s, double most_s) {
        return until({&ada, &bob}, [&] { return ada.room->latency() >= least_s && ada.room->latency() <= most_s; }, std::chrono::seconds(60));
    }
    // Both say numbers to each other, with as much time between them; each must hear all of the other's, in order, once.
    void expect_every_message(int count, std::int64_t period_us) {
        ada.heard.clear();
        bob.heard.clear();
        std::int64_t next_us = now_us();
        int said = 0;
        const auto all = static_cast<std::size_t>(count);
        ASSERT_TRUE(until({&ada, &bob}, [&] {
            if (said < count && now_us() >= next_us) {
                for (Guest* guest : {&ada, &bob}) guest->room->send("n", std::to_string(said));
                ++said;
                next_us += period_us;
            }
            return ada.heard.size() >= all && bob.heard.size() >= all;
        })) << ada.heard.size() << " and " << bob.heard.size() << " of " << count;
        for (Guest* guest : {&ada, &bob}) {
            ASSERT_EQ(guest->heard.size(), all);
            for (int i = 0; i < count; ++i) EXPECT_EQ(guest->heard[static_cast<std::size_t>(i)], "n " + std::to_string(i));
            EXPECT_TRUE(guest->drops.empty());
            EXPECT_EQ(guest->left, 0);
        }
    }

    RelayProcess relay{{.configuration = "[type.arena]\nschema = \"arena.bfbs\"\ncodec = \"plain\"\n"}};
    Guest ada{relay.url()}, bob{relay.url()};
};

TEST_F(Simulate, TheDelayIsWhatTheClientMeasuresAndIsGoneAfterwards) {
    simulate(R"(,"delay_ms":100)");
    ASSERT_TRUE(latency_becomes(0.095, 0.115)) << ada.room->latency();
    EXPECT_LT(bob.room->latency(), 0.05);
    const std::string info = relay.call("room.info", R"({"room_id":"field"})");
    EXPECT_NE(info.find(R"("simulated":{"bytes_per_s":0,"delay_ms":100,"jitter_ms":0,"loss":0.0})"), std::string::npos) << info;
    expect_every_message(100, a_second_us / 60);
    EXPECT_NEAR(ada.room->latency(), 0.100, 0.015);
    simulate("");
    ASSERT_TRUE(latency_becomes(0, 0.03)) << ada.room->latency();
    EXPECT_EQ(relay.call("room.info", R"({"room_id":"field"})").find("simulated"), std::string::npos);
    expect_every_message(50, a_second_us / 60);
}

TEST_F(Simulate, LossMakesStallsAndLosesNothing) {
    simulate(R"(,"delay_ms":40,"jitter_ms":20,"loss":0.05)");
    const EntityId entity = bob.room->spawn(arena::Health(0, 0));
    expect_every_message(300, a_second_us / 60);
    bob.room->set(entity, arena::Health(77, 3));
    EXPECT_TRUE(until({&ada, &bob}, [&] {
        const auto* health = ada.room->state().get<arena::Health>(entity);
        return health != nullptr && health->points() == 77 && health->shield() == 3;
    }));
    double oldest = 0, oldest_bob = 0;
    const std::int64_t end_us = now_us() + 5 * a_second_us;
    ASSERT_TRUE(until({&ada, &bob}, [&] {
        oldest = std::max(oldest, ada.room->state_age());
        oldest_bob = std::max(oldest_bob, bob.room->state_age());
        return now_us() >= end_us;
    }));
    std::printf("state was at most %.0f ms old with loss, %.0f ms without\n", oldest * 1e3, oldest_bob * 1e3);
    EXPECT_LT(oldest, 3.0);
}

// 2 kB change at each tick: 60 kB a second, three times what passes.
TEST_F(Simulate, TheRateIsABoundAndStateStaysFresh) {
    constexpr std::size_t value_bytes = 2'000;
    constexpr double bytes_per_s = 20'000;
    std::vector<std::uint8_t> value(value_bytes, 'x');
    const EntityId entity = bob.room->spawn("arena.Name", value);
    WirePlayer slow(relay.port()), other(relay.port());
    ASSERT_TRUE(slow.join("field", "slow") && other.join("field", "other"));
    const std::string answer =
        relay.call("player.simulate", R"({"room_id":"field","player_id":"slow","delay_ms":40,"bytes_per_s":20000})");
    ASSERT_NE(answer.find("\"result\""), std::string::npos) << answer;
    std::vector<double> ages, other_ages;
    std::size_t bytes = 0;
    const std::int64_t start_us = now_us(), settled_us = start_us + 4 * a_second_us, end_us = settled_us + 6 * a_second_us;
    std::int64_t next_us = start_us;
    bool alive = true;
    ASSERT_TRUE(until({&ada, &bob}, [&] {
        if (now_us() >= next_us) {
            value[static_cast<std::size_t>(next_us) % value.size()] ^= 0x15;
            bob.room->set(entity, "arena.Name", value);
            next_us = std::max(next_us + a_second_us / ticks_hz, now_us());
        }
        const bool measured = now_us() >= settled_us;
        const auto keep = [&](std::vector<double>& in, bool counts) {
            return [&, counts](const Arrival& arrival) {
                if (!measured) return;
                in.push_back(arrival.age_s);
                if (counts) bytes += arrival.bytes;
            };
        };
        alive = slow.step(64 * 1024, keep(ages, true)) && other.step(64 * 1024, keep(other_ages, false));
        return !alive || now_us() >= end_us;
    }));
    ASSERT_TRUE(alive);
    ASSERT_FALSE(ages.empty() || other_ages.empty());
    const auto share = [](std::vector<double>& of, double part) {
        std::ranges::sort(of);
        return of[static_cast<std::size_t>(static_cast<double>(of.size() - 1) * part)];
    };
    const double rate = static_cast<double>(bytes) / (static_cast<double>(end_us - settled_us) / 1e6);
    const double link_s = (value_bytes + 100) / bytes_per_s;
    std::printf("slow: %.0f bytes/s, age p50 %.0f ms, p98 %.0f ms; other: %zu frames, age p50 %.0f ms, p98 %.0f ms\n", rate, share(ages, 0.5) * 1e3,
                share(ages, 0.98) * 1e3, other_ages.size(), share(other_ages, 0.5) * 1e3, share(other_ages, 0.98) * 1e3);
    EXPECT_LE(rate, bytes_per_s + (value_bytes + 100) / 6.0);  // one frame that began before
    EXPECT_GE(rate, bytes_per_s * 0.7) << "the link is used";
    const double bound_s = 2 * link_s + 0.040 + 1.0 / ticks_hz;  // slow_test.cpp's
    EXPECT_LE(share(ages, 0.5), bound_s);
    EXPECT_LE(share(ages, 0.98), bound_s + 0.06);
    EXPECT_LE(share(other_ages, 0.98), 0.06);
    EXPECT_GE(other_ages.size(), static_cast<std::size_t>(6 * ticks_hz * 0.9));
}

TEST_F(Simulate, TheSeatKeepsItsNetworkOverAReconnectAndAKickEndsIt) {
    simulate(R"(,"delay_ms":80)");
    ASSERT_TRUE(latency_becomes(0.075, 0.095)) << ada.room->latency();
    Guest again{relay.url()};
    again.join_by_id("field", {.player_id = "ada"});  // takes the seat over
    ASSERT_TRUE(until({&ada, &bob, &again}, [&] { return again.joined && ada.left == 4409 && again.room->latency() > 0; }));
    EXPECT_TRUE(until({&again, &bob}, [&] { return again.room->latency() >= 0.079 && again.room->latency() < 0.095; })) << again.room->latency();
    EXPECT_NE(relay.call("player.kick", R"({"room_id":"field","player_id":"ada"})").find("\"result\""), std::string::npos);
    EXPECT_TRUE(until({&again, &bob}, [&] { return again.left == 4440; }));
}

}  // namespace
}  // namespace tickrelay::test
