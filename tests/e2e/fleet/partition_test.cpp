// The NATS servers fall apart, 2|1, with a relay on each side: a room has one owner at any time, and its players go where it is: by themselves
// where their first address is on the large side, else when the servers are together again.

#include "tests/e2e/fleet/fleet.h"
#include "tests/e2e/websocket/raw_client.h"

namespace tickrelay::test {
namespace {

using Clock = std::chrono::steady_clock;

// node-0 knows only the server that will be cut off, node-1 the other two.
class NatsPartition : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(eventually([&] { return fleet.nats.ready(); }, std::chrono::seconds(60))) << fleet.nats.log(0);
        fleet.nats_urls = fleet.nats.url(0);
        ASSERT_NO_FATAL_FAILURE(fleet.add());
        fleet.nats_urls = fleet.nats.url(1) + "," + fleet.nats.url(2);
        ASSERT_NO_FATAL_FAILURE(fleet.add());
        ASSERT_TRUE(eventually([&] { return fleet.answer(0, "fleet.nodes", "{}")["result"]["nodes"].size() == 2; }));
        for (int i = 0; i < 4; ++i) {
            const std::string id = "room-" + std::to_string(i);
            const std::size_t owner = fleet.spawn(1, id);
            ASSERT_LT(owner, 2U);
            (owner == 0 ? on_small : on_large) = id;
        }
        ASSERT_FALSE(on_small.empty() || on_large.empty()) << "placement puts four rooms on one of two nodes";
    }
    [[nodiscard]] nlohmann::json info(std::size_t relay) const { return fleet.answer(relay, "room.info", R"({"room_id":")" + on_small + "\"}")["result"]; }

    [[nodiscard]] std::string readiness(std::size_t relay) const {
        RawClient http(fleet.relays[relay]->ops_port());
        return http.write("GET /readyz HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n") ? http.read_http() : "";
    }

    // Whose first address is the small side's node comes to where the room is.
    void expect_together_again(Guest& small, Guest& large, Guest& late, EntityId ship) {
        fleet.nats.cut_off(0, false);
        for (Guest* each : {&small, &large}) {
            EXPECT_TRUE(until({&small, &large, &late}, [&] { return each->connected() && each->returns + each->rollbacks >= 1; }, std::chrono::seconds(60)))
                << each->left_reason << fleet.relays[0]->log();
            EXPECT_EQ(each->left, 0) << each->left_reason;
        }
        EXPECT_TRUE(eventually([&] { return fleet.rooms(0) == 0; })) << fleet.relays[0]->log();
        small.room->set(ship, standing_at(7));
        for (Guest* each : {&large, &late})
            EXPECT_TRUE(until({&small, &large, &late}, [&] {
                const auto* at = each->room->state().get<arena::Transform>(ship);
                return at != nullptr && at->pos().x() == 7;
            })) << "the players are not together again";
        EXPECT_EQ(fleet.owner(on_small), 1U);
    }

    Fleet fleet{3, 3};
    std::string on_small, on_large;  // a room on either side
};

TEST_F(NatsPartition, ARoomOnTheSmallSideStopsBeforeTheLargeSideStartsIt) {
    // By the small side's node, by the large one's, and one in a room that has no part in it.
    Guest small(fleet.relays[0]->url()), large(fleet.relays[1]->url()), apart(fleet.relays[1]->url());
    small.join_by_id(on_small, {.player_id = "small"});
    large.join_by_id(on_small, {.player_id = "large"});
    apart.join_by_id(on_large, {.player_id = "apart"});
    ASSERT_TRUE(until({&small, &large, &apart}, [&] { return small.joined && large.joined && apart.joined; }));
    const EntityId ship = small.room->spawn(standing_at(1));
    const EntityId other = large.room->spawn(standing_at(2));
    ASSERT_TRUE(until({&small, &large, &apart}, [&] { return large.room->state().contains(ship) && small.room->state().contains(other); }));
    const auto term = info(0)["term"].get<std::uint32_t>();
    ASSERT_TRUE(fleet.kept(0, [&] { for (Guest* each : {&small, &large, &apart}) each->client.poll(); }));

    fleet.nats.cut_off(0, true);
    const auto cut = Clock::now();
    auto last_of_small = cut;
    std::uint32_t tick = small.room->state().tick();
    const auto watch = [&](const std::function<bool()>& condition, std::initializer_list<Guest*> more = {}) {
        return poll_until([&] {
            for (Guest* each : {&small, &large, &apart}) each->client.poll();
            for (Guest* each : more) each->client.poll();
            if (std::exchange(tick, small.room->state().tick()) != tick) last_of_small = Clock::now();
        }, condition, std::chrono::seconds(60));
    };
    // Asked of what it has itself: a call about the room would wait for the node that had it.
    ASSERT_TRUE(watch([&] { return fleet.rooms(1) == 4; })) << fleet.relays[1]->log() << fleet.nats.log(1);
    Guest late(fleet.relays[1]->url());
    late.join_by_id(on_small, {.player_id = "late"});
    ASSERT_TRUE(watch([&] { return late.joined; }, {&late})) << late.left_reason;
    const auto first_of_large = Clock::now();
    const auto since_cut = [&](Clock::time_point then) { return std::chrono::duration<double>(then - cut).count(); };
    std::printf("cut off from the others, the room ticked for %.1f s; on the other side it is played after %.1f s\n", since_cut(last_of_small),
                since_cut(first_of_large));
    EXPECT_GT(since_cut(last_of_small), 0.5) << "its lease held, and it stood still";
    EXPECT_LT(since_cut(last_of_small), 3 + 1) << "it ticks without a lease";
    EXPECT_LT(last_of_small, first_of_large) << "two nodes sent frames of one room";
    EXPECT_GT(info(1)["term"].get<std::uint32_t>(), term);
    EXPECT_TRUE(watch([&] { return late.room->state().contains(ship) && late.room->state().contains(other); }, {&late}));
    EXPECT_TRUE(apart.drops.empty()) << "its room had no part in it";
    // The node that stands still lets its players go. Who came by the other one finds the room there, with all that was in it.
    ASSERT_TRUE(watch([&] { return !small.drops.empty() && large.connected() && large.returns + large.rollbacks == 1; }, {&late})) << large.left_reason;
    std::printf("its player is back after %.1f s\n", since_cut(Clock::now()));
    EXPECT_EQ(small.drops.front(), close_code::going_away);
    EXPECT_EQ(large.drops, std::vector<std::uint16_t>{close_code::going_away});
    large.room->set(other, standing_at(3));
    EXPECT_TRUE(watch([&] {
        const auto* at = late.room->state().get<arena::Transform>(other);
        return at != nullptr && at->pos().x() == 3 && large.room->state().contains(ship);
    }, {&late}));
    EXPECT_FALSE(small.connected());
    EXPECT_TRUE(eventually([&] { return readiness(0).find("503") != std::string::npos; })) << readiness(0);
    // The small side has no say: nothing is made there that the others do not know.
    EXPECT_FALSE(fleet.answer(0, "room.spawn", R"({"type":"arena","id":"made-apart"})").contains("result"));

    expect_together_again(small, large, late, ship);
    EXPECT_TRUE(apart.drops.empty());
}

}  // namespace
}  // namespace tickrelay::test
