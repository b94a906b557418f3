// The tick number is the room's clock: at every rate, for all rooms at once, without drift.

#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <cstdio>
#include <memory>

#include "schema/arena_generated.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/relay_process.h"
#include "tests/e2e/play/wire_player.h"

namespace tickrelay::test {
namespace {

constexpr std::array<int, 6> rates_hz{10, 20, 30, 60, 128, 240};
constexpr std::int64_t measure_us = 5'000'000;

struct Room5 {
    int rate_hz = 0;
    std::unique_ptr<Guest> writer;
    EntityId entity = 0;
    std::int64_t next_us = 0;
    std::unique_ptr<WirePlayer> watcher;
    std::uint32_t first = 0, last = 0, frames = 0;
    std::int64_t first_us = 0, last_us = 0;
    double first_age_s = 1, last_age_s = 1;  // the least of each half: what is left is drift
};

TEST(Rates, RoomsOfEveryRateKeepTheirTimeSideBySide) {
    RelayProcess relay({.configuration = "[type.arena]\nschema = \"arena.bfbs\"\n"});
    ASSERT_TRUE(relay.ready());
    std::vector<Room5> rooms(rates_hz.size());
    for (std::size_t i = 0; i < rooms.size(); ++i) {
        Room5& room = rooms[i];
        room.rate_hz = rates_hz[i];
        const std::string id = "at " + std::to_string(room.rate_hz);
        const std::string made = relay.call("room.spawn", R"({"type":"arena","id":")" + id + R"(","tick_rate":)" + std::to_string(room.rate_hz) + "}");
        ASSERT_NE(made.find("\"result\""), std::string::npos) << made;
        room.writer = std::make_unique<Guest>(relay.url());
        room.writer->join_by_id(id, {.player_id = "writer"});
        ASSERT_TRUE(until({room.writer.get()}, [&] { return room.writer->joined && room.writer->room->state().tick() > 0; }));
        room.entity = room.writer->room->spawn(arena::Health(1, 1));
        room.watcher = std::make_unique<WirePlayer>(relay.port());
        ASSERT_TRUE(room.watcher->join(id, "watcher"));
    }
    const std::int64_t start_us = now_us();
    while (now_us() < start_us + measure_us) {
        for (Room5& room : rooms) {
            const std::int64_t now = now_us();
            if (now >= room.next_us) {
                const auto turn = static_cast<std::uint8_t>(now / 1000);
                room.writer->room->set(room.entity, arena::Health(turn, static_cast<std::uint8_t>(turn / 3)));
                room.next_us = now + 1'000'000 / room.rate_hz;
            }
            room.writer->client.poll();
            const bool later = now > start_us + measure_us / 2;
            ASSERT_TRUE(room.watcher->step(64 * 1024, [&](const Arrival& arrival) {
                if (room.first == 0) {
                    room.first = arrival.tick;
                    room.first_us = now_us();
                }
                room.last = arrival.tick;
                room.last_us = now_us();
                ++room.frames;
                double& least = later ? room.last_age_s : room.first_age_s;
                least = std::min(least, arrival.age_s);
            })) << room.watcher->close_text();
        }
        poll(nullptr, 0, 1);
    }
    for (const Room5& room : rooms) {
        const double passed_s = static_cast<double>(room.last_us - room.first_us) / 1e6;
        const double hz = (room.last - room.first) / passed_s;
        std::printf("%3d Hz: %.2f ticks a second, %u frames, least age %.2f ms, later %.2f ms\n", room.rate_hz, hz, room.frames,
                    room.first_age_s * 1e3, room.last_age_s * 1e3);
        EXPECT_NEAR(hz, room.rate_hz, room.rate_hz * 0.02);
        EXPECT_LT(room.last_age_s, room.first_age_s + 0.01) << "frames come later and later";
        EXPECT_GT(room.frames, room.rate_hz * passed_s * 0.6) << "most ticks bring a frame";
    }
}

}  // namespace
}  // namespace tickrelay::test
