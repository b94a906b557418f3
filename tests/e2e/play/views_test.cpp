// Rooms in which players see different things: what comes into view, what leaves it, and what never leaves the relay.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/play/arena.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/relay_process.h"
#include "tests/e2e/play/tap.h"

namespace tickrelay::test {
namespace {

class Views : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override { ASSERT_TRUE(relay.ready()); }

    void meet(const std::string& type) {
        ada.join_or_create(type + GetParam(), {.player_id = "ada"});
        ASSERT_TRUE(until({&ada}, [&] { return ada.joined; })) << ada.left_reason;
        bob.join_by_id(ada.room->room_id(), {.player_id = "bob"});
        ASSERT_TRUE(until({&ada, &bob}, [&] { return ada.came.size() == 2 && bob.came.size() == 2; })) << bob.left_reason;
    }
    bool sees(const Guest& who, EntityId what) const { return who.room->state().contains(what); }
    std::string call(const std::string& method, nlohmann::json params) {
        params["room_id"] = ada.room->room_id();
        return relay.call(method, params.dump());
    }

    RelayProcess relay{{.configuration = arena_types("wide", "view_radius = 50\n") + arena_types("cards", "views = true\n")}};
    Guest ada{relay.url()}, bob{relay.url()};
};
INSTANTIATE_TEST_SUITE_P(BothCodecs, Views, testing::Values("", "-plain"),
                         [](const auto& info) { return std::string(*info.param == 0 ? "packed" : "plain"); });

TEST_P(Views, WhoComesNearIsSeenAndWhoGoesIsNot) {
    ASSERT_NO_FATAL_FAILURE(meet("wide"));
    const EntityId ship = ada.room->spawn(placed(0));
    const EntityId far = bob.room->spawn(placed(500));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return ada.room->stats().frames > 10 && bob.room->stats().frames > 10; }));
    EXPECT_TRUE(sees(ada, ship) && sees(bob, far));
    EXPECT_FALSE(sees(bob, ship) || sees(ada, far));
    EXPECT_EQ(ada.room->players().size(), 2U) << "who is in the room everyone knows";

    int added = 0, removed = 0;
    ada.room->on_add<arena::Transform>([&](EntityId id, const arena::Transform&) { added += id == far; });
    ada.room->on_remove<arena::Transform>([&](EntityId id, const arena::Transform&) { removed += id == far; });
    for (float x = 500; x > 20; x -= 20) {
        bob.room->set(far, placed(x));
        ASSERT_TRUE(until({&ada, &bob}, [&, tick = bob.room->tick()] { return bob.room->tick() > tick; }));
    }
    ASSERT_TRUE(until({&ada, &bob}, [&] { return sees(ada, far) && sees(bob, ship) && added == 1; }));
    ASSERT_TRUE(until({&ada, &bob}, [&] {
        const auto* seen = ada.room->state().get<arena::Transform>(far);
        return seen != nullptr && seen->pos().x() == bob.room->state().get<arena::Transform>(far)->pos().x();
    }));
    EXPECT_EQ(removed, 0) << "from cell to cell it is the same entity";
    bob.room->set(far, placed(900));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return !sees(ada, far) && !sees(bob, ship) && removed == 1; }));
    EXPECT_TRUE(ada.errors.empty() && bob.errors.empty());
}

TEST_P(Views, OneWhoComesBackSeesWhatIsThereNow) {
    ASSERT_NO_FATAL_FAILURE(meet("wide"));
    const EntityId ship = ada.room->spawn(placed(0));
    const EntityId near = bob.room->spawn(placed(10));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return sees(ada, near) && sees(bob, ship); }));
    Tap tap(relay.port());
    Guest cyd{tap.url()};
    cyd.join_by_id(ada.room->room_id(), {.player_id = "cyd"});
    ASSERT_TRUE(until({&ada, &bob, &cyd}, [&] { return cyd.joined; }));
    const EntityId eye = cyd.room->spawn(placed(5));
    ASSERT_TRUE(until({&ada, &bob, &cyd}, [&] { return sees(cyd, ship) && sees(cyd, near) && sees(ada, eye); }));
    tap.cut();
    ASSERT_TRUE(until({&ada, &bob, &cyd}, [&] { return !cyd.connected(); }));
    bob.room->set(near, placed(700));
    ada.room->set(ship, placed(3));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return !sees(ada, near); }));
    ASSERT_TRUE(until({&ada, &bob, &cyd}, [&] {
        const auto* seen = cyd.connected() ? cyd.room->state().get<arena::Transform>(ship) : nullptr;
        return seen != nullptr && seen->pos().x() == 3 && !sees(cyd, near);
    }));
    EXPECT_EQ(cyd.returns, 1);
    EXPECT_EQ(cyd.rollbacks, 0);
}

TEST_P(Views, WhatIsHiddenIsNotInTheBytes) {
    ASSERT_NO_FATAL_FAILURE(meet("cards"));
    Tap tap(relay.port());
    Guest spy{tap.url()};
    spy.join_by_id(ada.room->room_id(), {.player_id = "spy"});
    ASSERT_TRUE(until({&ada, &bob, &spy}, [&] { return spy.joined; }));

    const auto named = [](const std::string& text) {
        flatbuffers::FlatBufferBuilder builder;
        builder.Finish(arena::CreateNameDirect(builder, text.c_str()));
        return std::vector<std::uint8_t>(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
    };
    const std::string secret = "the-queen-of-spades-in-the-sleeve", open = "a-two-of-hearts-on-the-table-for-all";
    const EntityId hidden = ada.room->spawn("arena.Name", named(secret), false, SeenBy::owner);
    const EntityId shown = ada.room->spawn("arena.Name", named(open));
    ASSERT_TRUE(until({&ada, &bob, &spy}, [&] { return sees(spy, shown) && sees(bob, shown); }));
    ASSERT_TRUE(until({&ada, &bob, &spy}, [&, tick = spy.room->tick()] { return spy.room->tick() > tick + 30; }));
    EXPECT_TRUE(sees(ada, hidden));
    EXPECT_FALSE(sees(bob, hidden) || sees(spy, hidden));
    if (std::string(GetParam()) == "-plain") {
        EXPECT_NE(tap.received().find(open), std::string::npos) << "the tap hears what the spy is told";
        EXPECT_EQ(tap.received().find(secret), std::string::npos);
    }
    // Coded bytes cannot be searched, but they can be compared: a secret that changes changes nothing for the spy.
    const std::size_t before = tap.received().size(), frames = spy.room->stats().frames;
    for (int i = 0; i < 60; ++i) {
        ada.room->set(hidden, "arena.Name", named(secret + std::to_string(i)));
        ASSERT_TRUE(until({&ada, &bob, &spy}, [&, tick = ada.room->tick()] { return ada.room->tick() > tick; }));
    }
    ASSERT_TRUE(until({&ada, &bob, &spy}, [&] { return spy.room->stats().frames > frames + 4; }));
    EXPECT_LT((tap.received().size() - before) / (spy.room->stats().frames - frames), 64U) << "empty frames, four a second";
    EXPECT_LT(spy.room->stats().frames - frames, 30U);
}

TEST_P(Views, AMatchServerDecidesWhoSeesWhat) {
    ASSERT_NO_FATAL_FAILURE(meet("cards"));
    const EntityId card = ada.room->spawn(arena::Health(7, 0));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return sees(bob, card); }));
    EXPECT_NE(call("room.show", {{"entity", card}, {"to", "owner"}}).find("\"result\""), std::string::npos);
    ASSERT_TRUE(until({&ada, &bob}, [&] { return !sees(bob, card); }));
    EXPECT_TRUE(sees(ada, card));
    EXPECT_NE(call("room.show", {{"entity", card}, {"to", "players"}, {"player_ids", {"bob"}}}).find("\"result\""), std::string::npos);
    ASSERT_TRUE(until({&ada, &bob}, [&] { return sees(bob, card); }));
    EXPECT_NE(call("room.show", {{"entity", card}, {"to", "team"}}).find("\"result\""), std::string::npos);
    ASSERT_TRUE(until({&ada, &bob}, [&] { return !sees(bob, card); })) << "nobody is in a team";
    for (const char* player : {"ada", "bob"})
        EXPECT_NE(call("player.update", {{"player_id", player}, {"team", 2}}).find("\"result\""), std::string::npos);
    ASSERT_TRUE(until({&ada, &bob}, [&] { return sees(bob, card); }));
    EXPECT_NE(call("room.show", {{"entity", card}, {"to", "players"}, {"player_ids", {"eve"}}}).find("eve"), std::string::npos);
    EXPECT_NE(call("room.show", {{"entity", 0}, {"to", "owner"}}).find("entity"), std::string::npos) << "the room's own";
}

// Its body may be out of sight; that it is in the room everyone knows.
TEST_P(Views, APlayersOwnEntityIsSeenWhereItIs) {
    ASSERT_NO_FATAL_FAILURE(meet("wide"));
    const EntityId adas = ada.room->entity(), bobs = bob.room->entity();
    ASSERT_TRUE(until({&ada, &bob}, [&] { return sees(ada, bobs) && sees(bob, adas); })) << "they are nowhere yet";
    ada.room->set(adas, placed(0));
    bob.room->set(bobs, placed(500));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return !sees(ada, bobs) && !sees(bob, adas); }));
    EXPECT_TRUE(sees(ada, adas) && sees(bob, bobs));
    ASSERT_EQ(ada.room->players().size(), 2U);
    EXPECT_EQ(ada.room->players()[1].entity, bobs);
    bob.room->set(bobs, placed(10));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return sees(ada, bobs) && sees(bob, adas); }));
    bob.room->leave();
    ASSERT_TRUE(until({&ada, &bob}, [&] { return !sees(ada, bobs) && ada.room->players().size() == 1; }));
    EXPECT_LE(ada.room->state().entities().size(), 3U) << "the room, ada's, and where the roster says so: nothing of bob's is left";
    EXPECT_TRUE(ada.errors.empty() && bob.errors.empty());
}

TEST_P(Views, OnlyRoomsWithViewsHide) {
    ada.join_or_create("relay", {.player_id = "ada"});
    ASSERT_TRUE(until({&ada}, [&] { return ada.joined; }));
    EXPECT_NE(call("room.show", {{"entity", 1}, {"to", "owner"}}).find("no_views"), std::string::npos);
    const std::string refused = relay.call("room.spawn", R"({"type":"relay","view_radius":10})");
    EXPECT_NE(refused.find("position"), std::string::npos) << refused;
}

}  // namespace
}  // namespace tickrelay::test
