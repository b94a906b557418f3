// A node ends without a word: its rooms go on with the others, and so do its players.

#include <signal.h>

#include "tests/e2e/fleet/fleet.h"

namespace tickrelay::test {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); }

// A player who came by `home`, with a ship; it has seen its own ship's place from the relay.
struct Pilot {
    Pilot(const std::string& home, const std::string& room, const std::string& name) : guest(home) { guest.join_by_id(room, {.player_id = name}); }
    void launch(float x) {
        ship = guest.room->spawn(standing_at(x));
        at = x;
    }
    [[nodiscard]] float sees(EntityId entity) const {
        const auto* transform = guest.room->state().get<arena::Transform>(entity);
        return transform == nullptr ? -1 : transform->pos().x();
    }
    Guest guest;
    EntityId ship = 0;
    float at = 0;
};

TEST(NodeCrash, ItsRoomsAreBackWithinSecondsWhereItsAddressRefuses) {
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(3));
    for (int i = 0; i < 6; ++i) ASSERT_LT(fleet.spawn(0, "room-" + std::to_string(i)), 3U);
    const std::size_t victim = fleet.owner("room-0");
    const std::size_t lost = fleet.rooms(victim);
    const std::size_t survivor = (victim + 1) % 3;
    Pilot ada(fleet.relays[survivor]->url(), "room-0", "ada"), bob(fleet.relays[survivor]->url(), "room-0", "bob");
    ASSERT_TRUE(until({&ada.guest, &bob.guest}, [&] { return ada.guest.joined && bob.guest.joined; }));
    ada.launch(7);
    bob.launch(8);
    ASSERT_TRUE(until({&ada.guest, &bob.guest}, [&] { return ada.sees(bob.ship) == 8 && bob.sees(ada.ship) == 7; }));
    const auto term = fleet.answer(survivor, "room.info", R"({"room_id":"room-0"})")["result"]["term"].get<std::uint32_t>();
    // All that they did is in a checkpoint.
    ASSERT_TRUE(until({&ada.guest, &bob.guest}, [&] { return fleet.relays[victim]->metric("tickrelay_checkpoint_age_seconds") < 0.4; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(600));  // an interval

    fleet.relays[victim]->kill_it();
    const auto killed = Clock::now();
    fleet.relays[victim].reset();
    ASSERT_TRUE(until({&ada.guest, &bob.guest}, [&] {
        std::size_t there = 0;
        for (std::size_t i = 0; i < 3; ++i) there += i == victim ? 0 : fleet.rooms(i);
        return there == 6;
    }));
    const double rooms_s = seconds_since(killed);
    EXPECT_LT(rooms_s, 3) << "of " << lost << " rooms";
    ASSERT_TRUE(until({&ada.guest, &bob.guest}, [&] {
        return (ada.guest.returns + ada.guest.rollbacks == 1 && bob.guest.returns + bob.guest.rollbacks == 1) || ada.guest.left != 0 || bob.guest.left != 0;
    })) << "ada " << ada.guest.left_reason << ", bob " << bob.guest.left_reason;
    std::printf("%zu rooms back after %.2f s, their players after %.2f s\n", lost, rooms_s, seconds_since(killed));
    EXPECT_EQ(ada.guest.left, 0) << ada.guest.left_reason;
    EXPECT_EQ(bob.guest.left, 0) << bob.guest.left_reason;
    EXPECT_TRUE(until({&ada.guest, &bob.guest}, [&] { return ada.sees(bob.ship) == 8 && bob.sees(ada.ship) == 7; }));
    EXPECT_GT(fleet.answer(survivor, "room.info", R"({"room_id":"room-0"})")["result"]["term"].get<std::uint32_t>(), term);
    // It goes on: what one does the other sees.
    ada.guest.room->set(ada.ship, standing_at(9));
    EXPECT_TRUE(until({&ada.guest, &bob.guest}, [&] { return bob.sees(ada.ship) == 9; }));
}

TEST(NodeCrash, ItsRoomsAreBackWhenItStartsAgainByTheSameName) {
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(1));
    ASSERT_EQ(fleet.spawn(0, "only"), 0U);
    ASSERT_TRUE(eventually([&] { return fleet.relays[0]->metric("tickrelay_store_commits_total") >= 1; }));
    const std::string listen = "127.0.0.1:" + std::to_string(fleet.relays[0]->port());
    fleet.relays[0]->kill_it();
    fleet.relays[0] = fleet.started("node-0", listen);
    ASSERT_TRUE(fleet.relays[0]->ready()) << fleet.relays[0]->log();
    EXPECT_EQ(fleet.rooms(0), 1U);
    EXPECT_EQ(fleet.answer(0, "room.info", R"({"room_id":"only"})")["result"]["node"], "node-0");
}

// A logic that nobody else has.
TEST(NodeCrash, ARoomThatNoNodeCanTakeUpIsClosedByCallAndItsIdIsFree) {
    Fleet fleet;
    fleet.arguments = {"--logic", TICKRELAY_SLOW_LOGIC};
    ASSERT_NO_FATAL_FAILURE(fleet.start(1));
    const Fleet::Json made = fleet.answer(0, "room.spawn", R"({"type":"arena","id":"room-0","logic":"slow"})");
    ASSERT_TRUE(made.contains("result")) << made.dump();
    ASSERT_TRUE(fleet.kept(0, [] {}));
    fleet.arguments.clear();
    ASSERT_NO_FATAL_FAILURE(fleet.add());
    fleet.relays[0]->kill_it();
    fleet.relays[0].reset();
    ASSERT_TRUE(eventually([&] { return fleet.relays[1]->log().find("no logic 'slow' is loaded") != std::string::npos; })) << fleet.relays[1]->log();

    const std::string spawn = R"({"type":"arena","id":"room-0"})", room = R"({"room_id":"room-0"})";
    EXPECT_EQ(fleet.answer(1, "room.spawn", spawn)["error"]["data"]["reason"], "room_exists");
    EXPECT_TRUE(fleet.answer(1, "room.close", room).contains("result"));
    EXPECT_EQ(fleet.answer(1, "room.close", room)["error"]["data"]["reason"], "room_not_found");
    EXPECT_TRUE(fleet.answer(1, "room.spawn", spawn).contains("result"));
    EXPECT_EQ(fleet.rooms(1), 1U);
}

TEST(NodeCrash, ASecondNodeOfANameThatLivesIsRefused) {
    Fleet fleet(1, 2);
    ASSERT_NO_FATAL_FAILURE(fleet.start(1));
    const auto second = fleet.started("node-0");
    EXPECT_FALSE(second->ready());
    EXPECT_NE(second->log().find("another relay runs as 'node-0'"), std::string::npos) << second->log();
}

// Stopped for longer than the lease: nothing refuses, so the others wait for it; and when it goes on it has nothing to say.
TEST(NodeCrash, APausedNodeSendsNothingOfARoomThatIsAnothers) {
    Fleet fleet(1, 3);
    ASSERT_NO_FATAL_FAILURE(fleet.start(2));
    ASSERT_LT(fleet.spawn(0, "room-0"), 2U);
    const std::size_t victim = fleet.owner("room-0"), other = 1 - victim;
    const std::string room = R"({"room_id":"room-0"})";
    // The one stays at the paused node, the other goes on.
    Guest stays(fleet.relays[victim]->url()), goes(fleet.relays[other]->url());
    stays.join_by_id("room-0", {.player_id = "stays"});
    goes.join_by_id("room-0", {.player_id = "goes"});
    ASSERT_TRUE(until({&stays, &goes}, [&] { return stays.joined && goes.joined; }));
    const EntityId ship = goes.room->spawn(standing_at(1));
    ASSERT_TRUE(until({&stays, &goes}, [&] { return stays.room->state().contains(ship); }));
    const auto term = fleet.answer(other, "room.info", room)["result"]["term"].get<std::uint32_t>();
    ASSERT_TRUE(until({&stays, &goes}, [&] { return fleet.relays[victim]->metric("tickrelay_store_commits_total") >= 1; }));  // there is a checkpoint

    fleet.relays[victim]->signal(SIGSTOP);
    const auto paused = Clock::now();
    ASSERT_TRUE(until({&goes}, [&] { return fleet.rooms(other) == 1; }, std::chrono::seconds(12)));
    const double took_s = seconds_since(paused);
    EXPECT_GE(took_s, 3.0) << "claimed while its lease may have held";
    std::printf("a stopped node's room is back after %.2f s of a lease of 3 s\n", took_s);
    EXPECT_LT(took_s, 3 + 2 + 2);
    ASSERT_TRUE(until({&goes}, [&] { return goes.returns + goes.rollbacks == 1; }));
    EXPECT_GT(fleet.answer(other, "room.info", room)["result"]["term"].get<std::uint32_t>(), term);
    const auto tick = stays.room->state().tick();

    // On the wire of the one that stayed: whatever the kernel already had may come, then nothing of the old term.
    fleet.relays[victim]->signal(SIGCONT);
    std::uint32_t newest = tick;
    ASSERT_TRUE(until({&stays, &goes}, [&] {
        if (stays.drops.empty()) newest = std::max(newest, stays.room->state().tick());
        return !stays.drops.empty();
    }));
    EXPECT_LE(newest, tick + 2) << "frames of the old term after it was another's";
    ASSERT_TRUE(until({&stays, &goes}, [&] { return stays.returns + stays.rollbacks == 1 || stays.left != 0; }));
    EXPECT_EQ(stays.left, 0) << stays.left_reason;
    EXPECT_TRUE(eventually([&] { return fleet.rooms(victim) == 0; }));
    EXPECT_EQ(fleet.rooms(other), 1U);
    EXPECT_NE(fleet.relays[victim]->log().find("declared this one over"), std::string::npos) << fleet.relays[victim]->log();
    // It is a node like any other again.
    ASSERT_TRUE(eventually([&] { return fleet.answer(other, "fleet.nodes", "{}")["result"]["nodes"][victim]["alive"] == true; }));
    ASSERT_LT(fleet.spawn(other, "room-1"), 2U);
    EXPECT_EQ(fleet.rooms(victim), 1U);
}

}  // namespace
}  // namespace tickrelay::test
