// Players of the SDK over wss://: they play, come back, and a slow one is served fresh.

#include <gtest/gtest.h>

#include <algorithm>

#include "schema/arena_generated.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/pipe.h"
#include "tests/e2e/play/relay_process.h"
#include "tests/unit/client/certificate.h"

namespace tickrelay::test {
namespace {

constexpr std::int64_t second_us = 1'000'000;

std::int64_t steady_us() {
    using namespace std::chrono;
    return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

std::string secured(const Certificate& certificate) {
    return "loops = 2\n[tls]\ncert = \"" + certificate.certificate() + "\"\nkey = \"" + certificate.key() +
           "\"\n[type.arena]\nschema = \"arena.bfbs\"\ntick_rate = 20\n";
}

class TlsPlay : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(relay.ready()); }
    [[nodiscard]] static std::string url(std::uint16_t port) { return "wss://localhost:" + std::to_string(port); }
    [[nodiscard]] ClientOptions trusting() const { return {.ca_file = certificate.certificate()}; }

    Certificate certificate;
    RelayProcess relay{{.configuration = secured(certificate)}};
};

TEST_F(TlsPlay, PlayersMeetAndComeBackIntoTheirSeats) {
    Pipe pipe({.to = relay.port()});
    Guest ada(url(pipe.port()), trusting()), bob(url(relay.port()), trusting());
    bob.join_or_create("arena", {.player_id = "bob"});
    ASSERT_TRUE(until({&bob}, [&] { return bob.joined; })) << bob.left_reason;
    ada.join_by_id(bob.room->room_id(), {.player_id = "ada"});
    ASSERT_TRUE(until({&ada, &bob}, [&] { return ada.joined; })) << ada.left_reason;
    const EntityId ship = ada.room->spawn(arena::Transform(arena::Vec3(1, 0, 0), 0));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return bob.room->state().contains(ship); }));

    pipe.away(true);
    ASSERT_TRUE(until({&ada, &bob}, [&] { return ada.drops.size() == 1; }));
    bob.room->send("missed", "1");
    ada.room->set(ship, arena::Transform(arena::Vec3(2, 0, 0), 0));
    pipe.away(false);
    ASSERT_TRUE(until({&ada, &bob}, [&] {
        return ada.returns == 1 && ada.count("missed 1") == 1 && bob.room->state().get<arena::Transform>(ship)->pos().x() == 2;
    }));
}

TEST_F(TlsPlay, ACertificateThatIsNotTrustedEndsTheJoin) {
    Guest ada(url(relay.port()), {.join_timeout_s = 2});
    ada.join_or_create("arena");
    EXPECT_FALSE(until({&ada}, [&] { return ada.joined; }, std::chrono::seconds(3)));
    EXPECT_NE(ada.left, 0);
}

// 2 kB a tick at 20 Hz are twice what fits through the pipe: half of it is superseded, and what comes is new.
TEST_F(TlsPlay, APlayerOnASlowPipeIsServedWhatFitsAndFresh) {
    Pipe pipe({.to = relay.port(), .bytes_per_s = 20'000, .buffer_bytes = 2'048});
    Guest writer(url(relay.port()), trusting()), slow(url(pipe.port()), trusting());
    writer.join_or_create("arena", {.player_id = "writer"});
    ASSERT_TRUE(until({&writer}, [&] { return writer.joined && writer.room->state().tick() > 0; })) << writer.left_reason;
    slow.join_by_id(writer.room->room_id(), {.player_id = "slow"});
    ASSERT_TRUE(until({&writer, &slow}, [&] { return slow.joined && slow.room->state().tick() > 0; })) << slow.left_reason;
    std::vector<std::uint8_t> value(2'000);
    const EntityId entity = writer.room->spawn("arena.Name", value);

    std::vector<double> ages_s;
    std::int64_t next_us = steady_us();
    const std::int64_t settled_us = next_us + 3 * second_us, end_us = settled_us + 6 * second_us;
    std::uint32_t random = 1;
    ASSERT_TRUE(until({&writer, &slow}, [&] {
        const std::int64_t now_us = steady_us();
        if (now_us >= next_us) {
            for (std::uint8_t& byte : value) byte = static_cast<std::uint8_t>((random = random * 1'664'525 + 1'013'904'223) >> 24);
            writer.room->set(entity, "arena.Name", value);
            next_us += second_us / 20;
            if (now_us > settled_us) ages_s.push_back(static_cast<double>(writer.room->state().tick() - slow.room->state().tick()) / 20);
        }
        return now_us > end_us || slow.left != 0 || !slow.drops.empty();
    }));
    EXPECT_TRUE(slow.connected() && slow.drops.empty()) << slow.left;
    std::sort(ages_s.begin(), ages_s.end());
    ASSERT_GT(ages_s.size(), 50U);
    std::printf("behind the writer: p50 %.0f ms, p90 %.0f ms, max %.0f ms\n", ages_s[ages_s.size() / 2] * 1e3, ages_s[ages_s.size() * 9 / 10] * 1e3,
                ages_s.back() * 1e3);
    EXPECT_LE(ages_s[ages_s.size() / 2], 0.5) << "two frames on the link, a round trip and a tick are 0.26 s";
    EXPECT_GT(relay.metric("tickrelay_frames_superseded_total"), 20);
    ASSERT_TRUE(until({&writer, &slow}, [&] {
        const auto has = slow.room->state().bytes(entity, "arena.Name");
        return std::equal(has.begin(), has.end(), value.begin(), value.end());
    }));
}

}  // namespace
}  // namespace tickrelay::test
