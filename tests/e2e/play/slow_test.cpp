// Freshness on slow links: nobody is queued for, nobody is thrown out, nobody else notices.
//
// A room in which one 2 kB value changes at every tick, so each frame and each catch-up is about 2 kB. Age on arrival: when a frame is
// whole at the player, less when its tick was due, on one clock. The bound of DESIGN.md for whoever has caught up once:
//   2 × catch-up bytes / link rate + round trip + 1 tick.

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "schema/arena_generated.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/pipe.h"
#include "tests/e2e/play/relay_process.h"
#include "tests/e2e/play/wire_player.h"

namespace tickrelay::test {
namespace {

constexpr std::uint64_t slow_bytes_per_s = 20'000;
constexpr std::size_t value_bytes = 2'000;
constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t settle_us = 3 * second_us;
constexpr std::int64_t measured_us = 6 * second_us;
constexpr double machine_s = 0.03;  // what a busy test machine may add to a single frame

// A player and when its frames came.
struct Watcher {
    WirePlayer player;
    std::uint64_t reads_bytes_per_s = 0;  // 0: as they come
    std::vector<double> ages_s{};
    std::size_t largest_frame = 0;
    std::uint32_t first_tick = 0, last_tick = 0;
    double allowed = 0;
    std::int64_t read_us = now_us();

    bool step(bool measured) {
        std::size_t bytes = 64 * 1024;
        const std::int64_t now = now_us();
        if (reads_bytes_per_s != 0) {
            const double rate = static_cast<double>(reads_bytes_per_s);
            allowed = std::min(allowed + static_cast<double>(now - read_us) / 1e6 * rate, rate * 0.01);
            bytes = static_cast<std::size_t>(allowed);
            allowed -= static_cast<double>(bytes);
        }
        read_us = now;
        return player.step(bytes, [&](const Arrival& arrival) {
            if (!measured) return;
            ages_s.push_back(arrival.age_s);
            largest_frame = std::max(largest_frame, arrival.bytes);
            if (first_tick == 0) first_tick = arrival.tick;
            last_tick = arrival.tick;
        });
    }
    [[nodiscard]] double age_s(double share) const {
        if (ages_s.empty()) return 1e9;
        std::vector<double> sorted = ages_s;
        std::sort(sorted.begin(), sorted.end());
        return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(static_cast<double>(sorted.size()) * share))];
    }
    void print(const char* name) const {
        std::printf("%-6s %4zu frames of %u ticks, at most %zu bytes; age on arrival p50 %.0f ms, p99 %.0f ms, max %.0f ms\n", name, ages_s.size(),
                    last_tick - first_tick + 1, largest_frame, age_s(0.5) * 1e3, age_s(0.99) * 1e3, age_s(1) * 1e3);
    }
};

class Slow : public ::testing::TestWithParam<int> {
  protected:
    void SetUp() override {
        ASSERT_TRUE(relay.ready());
        const std::string made = relay.call("room.spawn", R"({"type":"arena","id":"field","tick_rate":)" + std::to_string(GetParam()) + "}");
        ASSERT_NE(made.find("\"result\""), std::string::npos) << made;
        writer.join_by_id("field", {.player_id = "writer"});
        ASSERT_TRUE(until({&writer}, [&] { return writer.joined && writer.room->state().tick() > 0; })) << writer.left_reason;
        value.assign(value_bytes, 'x');
        entity = writer.room->spawn("arena.Name", value);
    }

    // Plays: one new value a tick. False: somebody's connection ended.
    bool play(std::initializer_list<Watcher*> watchers, std::int64_t for_us, bool measured) {
        const std::int64_t period_us = second_us / GetParam();
        const std::int64_t end_us = now_us() + for_us;
        std::int64_t next_us = now_us();
        std::int64_t last_us = now_us();
        while (now_us() < end_us) {
            stood_still_s = std::max(stood_still_s, static_cast<double>(now_us() - std::exchange(last_us, now_us())) / 1e6);
            if (now_us() >= next_us) {
                value[static_cast<std::size_t>(next_us) % value.size()] ^= 0x15;
                writer.room->set(entity, "arena.Name", value);
                next_us += period_us * ((now_us() - next_us) / period_us + 1);
            }
            writer.client.poll();
            for (Watcher* watcher : watchers)
                if (!watcher->step(measured)) return false;
            poll(nullptr, 0, 1);
        }
        return true;
    }

    void expect_fresh(const Watcher& slow, double round_trip_s) {
        const double link_s = static_cast<double>(slow.largest_frame + 8) / static_cast<double>(slow_bytes_per_s);
        const double bound_s = 2 * link_s + round_trip_s + 1.0 / GetParam();
        std::printf("bound  %.0f ms at %d Hz; this test stood still for up to %.0f ms\n", bound_s * 1e3, GetParam(), stood_still_s * 1e3);
        EXPECT_LE(slow.age_s(0.5), bound_s);
        EXPECT_LE(slow.age_s(0.98), bound_s + machine_s + stood_still_s);
        EXPECT_GE(slow.ages_s.size(), static_cast<std::size_t>(0.7 * measured_us / 1e6 / link_s)) << "the link is used";
        EXPECT_EQ(writer.left, 0);
    }

    RelayProcess relay{{.configuration = "[type.arena]\nschema = \"arena.bfbs\"\ncodec = \"plain\"\n"}};
    Guest writer{relay.url()};
    std::vector<std::uint8_t> value;
    EntityId entity = 0;
    double stood_still_s = 0;  // at most, without a turn on the processor: then the slow link stood still, too
};

TEST_P(Slow, APlayerOnASlowPipeIsServedWhatFitsAndFresh) {
    Pipe pipe({.to = relay.port(), .bytes_per_s = slow_bytes_per_s, .buffer_bytes = 2'048});
    Watcher fast{WirePlayer(relay.port())}, slow{WirePlayer(pipe.port())};
    ASSERT_TRUE(fast.player.join("field", "fast") && slow.player.join("field", "slow"));
    ASSERT_TRUE(play({&fast, &slow}, settle_us, false));
    const std::size_t memory_kib = relay.memory_kib();
    ASSERT_TRUE(play({&fast, &slow}, measured_us, true)) << slow.player.close_code();
    fast.print("fast");
    slow.print("slow");
    expect_fresh(slow, 0.002);
    EXPECT_LE(fast.age_s(0.95), 0.025) << "the slow one costs the others nothing";
    EXPECT_LE(relay.memory_kib(), memory_kib + 1'024);
}

TEST_P(Slow, APlayerWhoReadsSlowlyFromLargeBuffersIsFreshToo) {
    Watcher slow{WirePlayer(relay.port(), 4 << 20), slow_bytes_per_s}, fast{WirePlayer(relay.port())};
    ASSERT_TRUE(fast.player.join("field", "fast") && slow.player.join("field", "slow"));
    ASSERT_TRUE(play({&fast, &slow}, settle_us, false));
    const std::size_t memory_kib = relay.memory_kib();
    ASSERT_TRUE(play({&fast, &slow}, measured_us, true)) << slow.player.close_code();
    fast.print("fast");
    slow.print("slow");
    expect_fresh(slow, 0.002);
    EXPECT_LE(fast.age_s(0.95), 0.025);
    EXPECT_LE(relay.memory_kib(), memory_kib + 1'024);
}

TEST_P(Slow, APlayerFarAwayOnAFastLinkGetsEveryTick) {
    Pipe pipe({.to = relay.port(), .delay_ms = 50});
    Watcher far{WirePlayer(pipe.port())}, near{WirePlayer(relay.port())};
    ASSERT_TRUE(far.player.join("field", "far") && near.player.join("field", "near"));
    ASSERT_TRUE(play({&far, &near}, settle_us, false));
    ASSERT_TRUE(play({&far, &near}, measured_us, true)) << far.player.close_code();
    near.print("near");
    far.print("far");
    EXPECT_GE(far.ages_s.size(), near.ages_s.size() * 9 / 10);
    EXPECT_LE(far.age_s(0.5), near.age_s(0.5) + 0.05 + machine_s);
}

// Longer than an acknowledgement may take, than a silent peer is waited for, and than a client waits for a silent relay.
TEST(SlowFirstFrame, IsWaitedForAsLongAsItsBytesArrive) {
    RelayProcess relay({.configuration = "[type.arena]\nschema = \"arena.bfbs\"\ncodec = \"plain\"\n"});
    ASSERT_TRUE(relay.ready());
    ASSERT_NE(relay.call("room.spawn", R"({"type":"arena","id":"field"})").find("\"result\""), std::string::npos);
    Guest writer(relay.url());
    writer.join_by_id("field", {.player_id = "writer"});
    ASSERT_TRUE(until({&writer}, [&] { return writer.joined; }));
    constexpr std::size_t values = 38, bytes = 15'000;
    EntityId last = 0;
    for (std::size_t i = 0; i < values; ++i) {
        last = writer.room->spawn("arena.Name", std::vector<std::uint8_t>(bytes, static_cast<std::uint8_t>('a' + i % 26)));
        ASSERT_TRUE(until({&writer}, [&] { return writer.room->state().contains(last); }));
    }
    Pipe pipe({.to = relay.port(), .bytes_per_s = slow_bytes_per_s, .buffer_bytes = 2'048});
    WirePlayer wire(pipe.port());
    Pipe another({.to = relay.port(), .bytes_per_s = slow_bytes_per_s, .buffer_bytes = 2'048});
    Guest guest(another.url());
    guest.join_by_id("field", {.player_id = "guest"});
    ASSERT_TRUE(wire.join("field", "wire"));
    std::size_t largest = 0;
    bool held = true;
    ASSERT_TRUE(poll_until([&] {
        writer.client.poll();
        guest.client.poll();
        held = held && wire.step(64 * 1024, [&](const Arrival& arrival) { largest = std::max(largest, arrival.bytes); });
    }, [&] { return !held || guest.left != 0 || !guest.drops.empty() || (largest > values * bytes && guest.room->state().contains(last)); },
                           std::chrono::seconds(120)));
    EXPECT_TRUE(held) << wire.close_code() << " " << wire.close_text();
    EXPECT_TRUE(guest.drops.empty()) << guest.drops[0];
    EXPECT_GT(largest, values * bytes);
    EXPECT_TRUE(guest.room->state().contains(last));
}

INSTANTIATE_TEST_SUITE_P(At, Slow, ::testing::Values(20, 60, 100), [](const auto& rate) { return std::to_string(rate.param) + "Hz"; });

}  // namespace
}  // namespace tickrelay::test
