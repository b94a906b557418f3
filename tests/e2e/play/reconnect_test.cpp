// Connections break; seats do not. The network between a player and the relay is a Pipe of the test.

#include <gtest/gtest.h>

#include <optional>

#include "tests/e2e/play/arena.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/pipe.h"
#include "tests/e2e/play/relay_process.h"

namespace tickrelay::test {
namespace {

const std::string types = arena_type("arena") + arena_type("brief", "grace_s = 0.5\n");

// Ada plays through the pipe, bob beside it.
class Reconnect : public ::testing::Test {
  protected:
    void meet(const std::string& type) {
        ASSERT_TRUE(relay.ready());
        bob.join_or_create(type, {.player_id = "bob"});
        ASSERT_TRUE(until({&bob}, [&] { return bob.joined; })) << bob.left_reason;
        ada.join_by_id(bob.room->room_id(), {.player_id = "ada"});
        ASSERT_TRUE(until({&ada, &bob}, [&] { return ada.came.size() == 2 && bob.came.size() == 2; })) << ada.left_reason;
        ship = ada.room->spawn(placed(1));
        ASSERT_TRUE(until({&ada, &bob}, [&] { return bob.room->state().contains(ship); }));
    }
    bool both(const std::function<bool()>& condition) { return until({&ada, &bob}, condition); }
    void expect_once(const Guest& guest, const std::string& message) { EXPECT_EQ(guest.count(message), 1U) << message; }

    RelayProcess relay{{.configuration = types}};
    Pipe pipe{{.to = relay.port()}};
    Guest ada{pipe.url()}, bob{relay.url()};
    EntityId ship = 0;
};

TEST_F(Reconnect, APlayerComesBackIntoItsSeatWithADeltaAndEveryMessageOnce) {
    ASSERT_NO_FATAL_FAILURE(meet("arena"));
    const PlayerNumber number = ada.room->player();
    const EntityId other = bob.room->spawn(placed(5));
    ASSERT_TRUE(both([&] { return ada.room->state().contains(other) && ada.room->state().tick() > 0; }));
    int removed = 0;
    ada.room->on_remove("*", [&](const Change&) { ++removed; });

    pipe.away(true);
    ASSERT_TRUE(both([&] { return ada.drops.size() == 1; }));
    ASSERT_TRUE(both([&] {
        const auto players = bob.room->players();
        return std::any_of(players.begin(), players.end(), [](const Player& player) { return player.id == "ada" && !player.connected; });
    }));
    for (int i = 0; i < 5; ++i) bob.room->send("missed", std::to_string(i));
    for (int i = 0; i < 5; ++i) ada.room->send("kept", std::to_string(i));
    bob.room->send("direct", "1", To(number));
    bob.room->set(other, placed(6));
    ada.room->set(ship, placed(2));
    const EntityId spawned = ada.room->spawn(placed(3));
    EXPECT_NE(spawned, 0U);
    pipe.away(false);

    ASSERT_TRUE(both([&] { return ada.returns == 1 && ada.count("missed 4") == 1 && bob.count("kept 4") == 1; }));
    ASSERT_TRUE(both([&] {
        return ada.room->state().get<arena::Transform>(other)->pos().x() == 6 &&
               bob.room->state().get<arena::Transform>(ship)->pos().x() == 2 && bob.room->state().contains(spawned) &&
               ada.count("direct 1") == 1;
    }));
    EXPECT_EQ(ada.room->player(), number);
    EXPECT_EQ(ada.rollbacks, 0);
    EXPECT_EQ(removed, 0) << "a whole frame would have forgotten what was there";
    EXPECT_TRUE(bob.went.empty());
    for (int i = 0; i < 5; ++i) expect_once(ada, "missed " + std::to_string(i));
    for (int i = 0; i < 5; ++i) expect_once(bob, "kept " + std::to_string(i));
    EXPECT_EQ(relay.metric("tickrelay_resumes_total{result=\"delta\"}"), 1);
    EXPECT_EQ(relay.metric("tickrelay_resumes_total{result=\"whole\"}"), 0);
    EXPECT_EQ(relay.metric("tickrelay_frames_sent_total{kind=\"resync\"}"), 0);
}

TEST_F(Reconnect, WhatTheRelayAppliedIsNotAppliedAgainThoughItsWordOfThatWasLost) {
    ASSERT_NO_FATAL_FAILURE(meet("arena"));
    pipe.stall_down(true);
    ada.room->send("said", "1", To::all());
    const EntityId second = ada.room->spawn(placed(8));
    ASSERT_TRUE(both([&] { return bob.count("said 1") == 1 && bob.room->state().contains(second); }));
    EXPECT_EQ(ada.count("said 1"), 0U);
    pipe.cut();
    pipe.stall_down(false);
    ASSERT_TRUE(both([&] { return ada.returns == 1 && ada.count("said 1") == 1; }));
    ada.room->send("said", "2", To::all());
    ASSERT_TRUE(both([&] { return bob.count("said 2") == 1 && ada.count("said 2") == 1; }));
    expect_once(bob, "said 1");
    EXPECT_EQ(bob.room->state().with<arena::Transform>().size(), 2U);
    EXPECT_TRUE(ada.errors.empty()) << ada.errors.front();
}

TEST_F(Reconnect, WhatNeverReachedTheRelayIsToldAgain) {
    ASSERT_NO_FATAL_FAILURE(meet("arena"));
    pipe.stall(true);
    ada.room->send("lost", "1", To::all());
    ada.room->despawn(ship);
    ada.client.poll();
    pipe.cut();
    pipe.stall(false);
    ASSERT_TRUE(both([&] { return bob.count("lost 1") == 1 && ada.count("lost 1") == 1 && !bob.room->state().contains(ship); }));
    EXPECT_EQ(ada.returns, 1);
    EXPECT_TRUE(ada.errors.empty()) << ada.errors.front();
}

TEST_F(Reconnect, ManyCutsInAStreamOfMessagesLoseAndRepeatNone) {
    ASSERT_NO_FATAL_FAILURE(meet("arena"));
    int sent = 0;
    for (int cut = 1; cut <= 4; ++cut) {
        const auto talk = [&] {
            ada.room->send("up", std::to_string(sent), To::others());
            bob.room->send("down", std::to_string(sent), To::others());
            ++sent;
        };
        for (int i = 0; i < 5; ++i) talk();
        ASSERT_TRUE(both([&] { return ada.count("down " + std::to_string(sent - 3)) == 1; }));
        for (int i = 0; i < 5; ++i) talk();
        pipe.cut();
        for (int i = 0; i < 5; ++i) talk();
        ASSERT_TRUE(both([&] { return ada.returns == cut; }));
    }
    const std::string last = std::to_string(sent - 1);
    ASSERT_TRUE(both([&] { return ada.count("down " + last) == 1 && bob.count("up " + last) == 1; }));
    std::vector<std::string> up, down;
    for (int i = 0; i < sent; ++i) {
        up.push_back("up " + std::to_string(i));
        down.push_back("down " + std::to_string(i));
    }
    EXPECT_EQ(bob.heard, up);
    EXPECT_EQ(ada.heard, down);
    EXPECT_EQ(ada.rollbacks, 0);
}

TEST_F(Reconnect, TheSeatEndsWhenItsGraceTimeIsOver) {
    ASSERT_NO_FATAL_FAILURE(meet("brief"));
    pipe.away(true);
    ASSERT_TRUE(both([&] { return bob.went.size() == 1 && !bob.room->state().contains(ship); }));
    EXPECT_EQ(bob.went.front(), "ada: connection_lost");
    pipe.away(false);
    ASSERT_TRUE(both([&] { return ada.left != 0; }));
    EXPECT_TRUE(ada.left == close_code::session_unknown || ada.left == close_code::unreachable) << ada.left << " " << ada.left_reason;
    EXPECT_EQ(ada.returns, 0);
}

TEST_F(Reconnect, ASecondConnectionOfAPlayerTakesTheSeatAndTheFirstStops) {
    ASSERT_NO_FATAL_FAILURE(meet("arena"));
    Guest again(relay.url());
    again.join_by_id(bob.room->room_id(), {.player_id = "ada"});
    ASSERT_TRUE(until({&ada, &bob, &again}, [&] { return ada.left != 0 && again.joined && again.room->state().contains(ship); }));
    EXPECT_EQ(ada.left, close_code::replaced);
    EXPECT_EQ(again.room->player(), ada.room->player());
    EXPECT_EQ(again.room->state().owner(ship), again.room->player());
    again.room->set(ship, placed(4));
    ASSERT_TRUE(until({&bob, &again}, [&] { return bob.room->state().get<arena::Transform>(ship)->pos().x() == 4; }));
    EXPECT_TRUE(bob.went.empty());
    EXPECT_TRUE(ada.drops.empty());
}

TEST_F(Reconnect, AnotherProcessTakesUpTheSeatWithItsToken) {
    ASSERT_NO_FATAL_FAILURE(meet("arena"));
    const std::string token = ada.room->reconnection_token();
    pipe.away(true);
    ASSERT_TRUE(both([&] { return ada.drops.size() == 1; }));
    Guest later(relay.url());
    later.enter(later.client.reconnect(token));
    ASSERT_TRUE(until({&bob, &later}, [&] { return later.room->phase() == Room::Phase::joined && later.room->state().contains(ship); }))
        << later.left_reason;
    EXPECT_EQ(later.room->player_id(), "ada");
}

TEST_F(Reconnect, AConnectionThatGoesSilentIsGivenUpAndComesBack) {
    ASSERT_NO_FATAL_FAILURE(meet("arena"));
    pipe.stall(true);
    ASSERT_TRUE(both([&] { return relay.metric("tickrelay_closed_total{reason=\"not_acknowledged\"}") == 1; }));
    pipe.stall(false);
    ASSERT_TRUE(both([&] { return ada.returns == 1; }));
    EXPECT_TRUE(bob.went.empty());
    bob.room->send("hello", "again");
    ASSERT_TRUE(both([&] { return ada.count("hello again") == 1; }));
}

TEST_F(Reconnect, WhoComesToADrainingRelayIsLetInWhenTheDrainIsTakenBack) {
    ASSERT_NO_FATAL_FAILURE(meet("arena"));
    EXPECT_NE(relay.call("relay.drain", R"({"deadline_s":600})").find("\"result\""), std::string::npos);
    Guest late(relay.url());
    late.join_by_id(bob.room->room_id(), {.player_id = "late"});
    ASSERT_TRUE(until({&late}, [&] { return relay.metric("tickrelay_refused_total{reason=\"restarting\"}") >= 1; }));
    EXPECT_FALSE(late.joined);
    EXPECT_EQ(late.left, 0) << late.left_reason << ": 4002 is tried again";
    pipe.away(true);  // who has a seat comes back to it meanwhile
    ASSERT_TRUE(both([&] { return ada.drops.size() == 1; }));
    pipe.away(false);
    ASSERT_TRUE(both([&] { return ada.returns == 1; })) << ada.left_reason;
    EXPECT_NE(relay.call("relay.undrain", "{}").find("\"result\""), std::string::npos);
    ASSERT_TRUE(until({&ada, &bob, &late}, [&] { return late.joined; })) << late.left_reason;
}

// Without a store a room ends with its process: the SDK is told so by the next one, and joins anew.
TEST(Restart, PlayersAreToldToComeBackAndFindTheNextRelay) {
    std::optional<RelayProcess> relay;
    relay.emplace(RelaySettings{.configuration = types});
    ASSERT_TRUE(relay->ready());
    Guest ada(relay->url());
    ada.join_or_create("arena", {.player_id = "ada"});
    ASSERT_TRUE(until({&ada}, [&] { return ada.joined; })) << ada.left_reason;
    const std::string listen = "127.0.0.1:" + std::to_string(relay->port());
    EXPECT_EQ(relay->stop(), 0);
    ASSERT_TRUE(until({&ada}, [&] { return ada.drops.size() == 1; }));
    EXPECT_EQ(ada.drops[0], close_code::restarting);
    relay.emplace(RelaySettings{.configuration = types, .listen = listen});
    ASSERT_TRUE(relay->ready());
    ASSERT_TRUE(until({&ada}, [&] { return ada.left != 0; }));
    EXPECT_TRUE(ada.left == close_code::session_unknown || ada.left == close_code::room_not_found) << ada.left << " " << ada.left_reason;
    Guest again(relay->url());
    again.join_or_create("arena", {.player_id = "ada"});
    ASSERT_TRUE(until({&again}, [&] { return again.joined; })) << again.left_reason;
}

}  // namespace
}  // namespace tickrelay::test
