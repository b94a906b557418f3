// What players see of one another, and of rooms.

#include <gtest/gtest.h>

#include <set>

#include "schema/arena_generated.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/relay_process.h"

namespace tickrelay::test {
namespace {

constexpr const char* arena_types = R"(
[type.arena]
schema = "arena.bfbs"
tick_rate = 60

[type.duel]
schema = "arena.bfbs"
tick_rate = 30
max_players = 3

[type.judged]
schema = "arena.bfbs"
authority = "server"
tick_rate = 30

[type.talk]
logic = "chat"
history = 5
)";

class Play : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(relay.ready()); }

    // Two players in one room, who know of each other.
    void meet(Guest& ada, Guest& bob, const std::string& type) {
        ada.join_or_create(type, {.player_id = "ada", .options = R"({"colour":"red"})"});
        ASSERT_TRUE(until({&ada}, [&] { return ada.joined; })) << ada.left << ada.left_reason;
        bob.join_by_id(ada.room->room_id(), {.player_id = "bob"});
        ASSERT_TRUE(until({&ada, &bob}, [&] { return ada.came.size() == 2 && bob.came.size() == 2; })) << bob.left_reason;
    }

    RelayProcess relay{{.configuration = arena_types}};
    Guest ada{relay.url()}, bob{relay.url()}, cyd{relay.url()};
};

arena::Transform at(float x, float y) { return {arena::Vec3(x, y, 0), 0}; }

TEST_F(Play, TwoPlayersSeeEachOthersEntitiesAppearMoveAndGo) {
    ASSERT_NO_FATAL_FAILURE(meet(ada, bob, "arena"));
    std::vector<float> seen;
    EntityId removed = 0;
    bob.room->on_add<arena::Transform>([&](EntityId, const arena::Transform& now) { seen.push_back(now.pos().x()); });
    bob.room->on_change<arena::Transform>([&](EntityId, const arena::Transform& now) { seen.push_back(now.pos().x()); });
    bob.room->on_remove<arena::Transform>([&](EntityId entity, const arena::Transform&) { removed = entity; });

    const EntityId ship = ada.room->spawn(at(1, 2));
    ASSERT_NE(ship, 0U);
    ASSERT_TRUE(until({&ada, &bob}, [&] { return bob.room->state().get<arena::Transform>(ship) != nullptr; }));
    EXPECT_EQ(bob.room->state().owner(ship), ada.room->player());
    ada.room->set(ship, at(7.5F, 2));
    ada.room->set(ship, arena::Health(90, 5));
    ASSERT_TRUE(until({&ada, &bob}, [&] {
        const auto* health = bob.room->state().get<arena::Health>(ship);
        return health != nullptr && health->points() == 90 && !seen.empty() && seen.back() == 7.5F;
    }));
    EXPECT_EQ(seen.front(), 1);
    ada.room->despawn(ship);
    ASSERT_TRUE(until({&ada, &bob}, [&] { return removed == ship; }));
    EXPECT_FALSE(bob.room->state().contains(ship));
    EXPECT_TRUE(ada.errors.empty() && bob.errors.empty());
}

TEST_F(Play, WhatIsKeptBelongsToNobodyWhenItsOwnerLeavesAndCanBeClaimed) {
    ASSERT_NO_FATAL_FAILURE(meet(ada, bob, "arena"));
    const EntityId kept = ada.room->spawn(at(1, 1), true);
    const EntityId own = ada.room->spawn(at(2, 2));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return bob.room->state().contains(kept) && bob.room->state().contains(own); }));

    bob.room->claim(kept);  // it is ada's
    ASSERT_TRUE(until({&ada, &bob}, [&] { return bob.errors.size() == 1; }));
    ada.room->leave();
    ASSERT_TRUE(until({&ada, &bob}, [&] { return ada.left == close_code::left && !bob.went.empty(); }));
    EXPECT_EQ(bob.went.front(), "ada: left");
    ASSERT_TRUE(until({&bob}, [&] { return !bob.room->state().contains(own) && bob.room->state().owner(kept) == 0; }));
    bob.room->claim(kept);
    ASSERT_TRUE(until({&bob}, [&] { return bob.room->state().owner(kept) == bob.room->player(); }));
    bob.room->set(kept, at(9, 9));
    ASSERT_TRUE(until({&bob}, [&] { return bob.room->state().get<arena::Transform>(kept)->pos().x() == 9; }));
    EXPECT_EQ(bob.errors.size(), 1U) << bob.errors.back();
}

TEST_F(Play, NobodyWritesAnothersEntity) {
    ASSERT_NO_FATAL_FAILURE(meet(ada, bob, "arena"));
    const EntityId ship = ada.room->spawn(at(1, 1));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return bob.room->state().contains(ship); }));
    bob.room->set(ship, at(5, 5));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return !bob.errors.empty(); }));
    EXPECT_EQ(bob.errors.front(), "not_owner");
    bob.room->despawn(ship);
    ASSERT_TRUE(until({&ada, &bob}, [&] { return bob.errors.size() == 2; }));
    EXPECT_EQ(ada.room->state().get<arena::Transform>(ship)->pos().x(), 1);
    ASSERT_TRUE(until({&ada, &bob}, [&] { return bob.room->state().get<arena::Transform>(ship)->pos().x() == 1; }));
}

TEST_F(Play, MessagesReachThoseTheyAreFor) {
    ASSERT_NO_FATAL_FAILURE(meet(ada, bob, "arena"));
    cyd.join_by_id(ada.room->room_id(), {.player_id = "cyd"});
    ASSERT_TRUE(until({&ada, &bob, &cyd}, [&] { return cyd.came.size() == 3 && ada.came.size() == 3; }));
    ada.room->send("standard", "1");
    ada.room->send("others", "2", To::others());
    ada.room->send("all", "3", To::all());
    ada.room->send("one", "4", To(bob.room->player()));
    ada.room->send("some", "5", To::players({ada.room->player(), cyd.room->player()}));
    ada.room->send("last", "6", To::all());
    ASSERT_TRUE(until({&ada, &bob, &cyd}, [&] {
        return ada.count("last 6") == 1 && bob.count("last 6") == 1 && cyd.count("last 6") == 1 && bob.count("one 4") == 1 &&
               cyd.count("some 5") == 1 && ada.count("some 5") == 1;
    }));
    const auto sorted = [](std::vector<std::string> list) { return std::multiset<std::string>(list.begin(), list.end()); };
    EXPECT_EQ(sorted(ada.heard), (std::multiset<std::string>{"all 3", "some 5", "last 6"}));
    EXPECT_EQ(sorted(bob.heard), (std::multiset<std::string>{"standard 1", "others 2", "all 3", "one 4", "last 6"}));
    EXPECT_EQ(sorted(cyd.heard), (std::multiset<std::string>{"standard 1", "others 2", "all 3", "some 5", "last 6"}));

    ada.room->send("who", "?", To::authority());  // there is none
    ASSERT_TRUE(until({&ada, &bob, &cyd}, [&] { return ada.errors.size() == 1; }));
    EXPECT_EQ(ada.errors.front(), "no_receiver");
}

TEST_F(Play, RequestsAreAnsweredRefusedOrTimeOut) {
    ASSERT_NO_FATAL_FAILURE(meet(ada, bob, "arena"));
    bob.room->on_request("double", [](const Message& message) {
        return std::vector<std::uint8_t>(message.data.begin(), message.data.end());
    });
    std::string answered, refused, late;
    ada.room->request("double", bytes_of("21"), 20, [&](const Answer& answer) { answered = answer.ok ? answer.text() : answer.error; },
                      To(bob.room->player()));
    ada.room->request("double", bytes_of("21"), 20, [&](const Answer& answer) { refused = answer.error; }, To(99));
    ada.room->request("unheard", bytes_of("?"), 0.3, [&](const Answer& answer) { late = answer.error; }, To(bob.room->player()));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return !answered.empty() && !refused.empty() && !late.empty(); }));
    EXPECT_EQ(answered, "21");
    EXPECT_EQ(refused, "no_such_player");
    EXPECT_EQ(late, "timeout");
}

TEST_F(Play, PlayersHearOfOneAnothersComingAndGoing) {
    ASSERT_NO_FATAL_FAILURE(meet(ada, bob, "arena"));
    EXPECT_EQ(std::set<std::string>(bob.came.begin(), bob.came.end()), (std::set<std::string>{"ada", "bob"}));
    const auto players = bob.room->players();
    ASSERT_EQ(players.size(), 2U);
    EXPECT_EQ(players[0].options, R"({"colour":"red"})");
    EXPECT_TRUE(players[0].connected);
    EXPECT_NE(bob.room->state().get<arena::Score>(players[0].entity), nullptr) << "each seat's entity has the player component";
    bob.room->leave();
    ASSERT_TRUE(until({&ada, &bob}, [&] { return ada.went.size() == 1; }));
    EXPECT_EQ(ada.went.front(), "bob: left");
    EXPECT_EQ(bob.left, close_code::left);
}

TEST_F(Play, RoomsAreListedByTypeAndMetadata) {
    ada.join_or_create("arena", {.player_id = "ada", .metadata = R"({"map":"dust","mode":1})"});
    ASSERT_TRUE(until({&ada}, [&] { return ada.joined; }));  // or she may find bob's room first
    bob.enter(bob.client.create("arena", {.player_id = "bob", .metadata = R"({"map":"snow","mode":1})"}));
    cyd.join_or_create("duel", {.player_id = "cyd", .metadata = R"({"map":"dust"})"});
    ASSERT_TRUE(until({&ada, &bob, &cyd}, [&] { return ada.joined && bob.joined && cyd.joined; }));
    const auto listed = [&](const RoomFilter& filter) {
        std::set<std::string> ids;
        bool told = false;
        cyd.client.rooms(filter, [&](const RoomList& list) {
            told = true;
            EXPECT_TRUE(list.ok) << list.error;
            for (const RoomEntry& room : list.rooms) ids.insert(room.room_id);
        });
        EXPECT_TRUE(until({&ada, &bob, &cyd}, [&] { return told; }));
        return ids;
    };
    const std::string a = ada.room->room_id(), b = bob.room->room_id(), c = cyd.room->room_id();
    EXPECT_EQ(listed({}), (std::set<std::string>{a, b, c}));
    EXPECT_EQ(listed({.type = "arena"}), (std::set<std::string>{a, b}));
    EXPECT_EQ(listed({.metadata = R"({"map":"dust"})"}), (std::set<std::string>{a, c}));
    EXPECT_EQ(listed({.type = "arena", .metadata = R"({"map":"dust","mode":1})"}), (std::set<std::string>{a}));
    EXPECT_EQ(listed({.metadata = R"({"map":"sea"})"}), std::set<std::string>{});
}

TEST_F(Play, JoinOrCreateFillsRoomsAndOverfillsNone) {
    std::vector<std::unique_ptr<Guest>> guests;
    for (int i = 0; i < 10; ++i) {
        guests.push_back(std::make_unique<Guest>(relay.url()));
        guests.back()->join_or_create("duel", {.player_id = "player " + std::to_string(i)});
    }
    const auto everybody = [&] { return std::all_of(guests.begin(), guests.end(), [](const auto& guest) { return guest->joined; }); };
    ASSERT_TRUE(eventually([&] {
        for (const auto& guest : guests) guest->client.poll();
        return everybody();
    }));
    std::map<std::string, int> seats;
    for (const auto& guest : guests) ++seats[guest->room->room_id()];
    EXPECT_EQ(seats.size(), 4U) << "10 players at 3 seats a room";
    for (const auto& [room, taken] : seats) EXPECT_LE(taken, 3) << room;
}

TEST_F(Play, SpectatorsSeeEverythingTakeNoSeatAndWriteNothing) {
    ASSERT_NO_FATAL_FAILURE(meet(ada, bob, "duel"));
    cyd.join_by_id(ada.room->room_id(), {.player_id = "cyd", .role = Role::spectator});
    Guest dan(relay.url());
    dan.join_by_id(ada.room->room_id(), {.player_id = "dan"});
    ASSERT_TRUE(until({&ada, &bob, &cyd, &dan}, [&] { return cyd.joined && dan.joined; })) << dan.left_reason;
    EXPECT_EQ(cyd.room->role(), Role::spectator);
    const EntityId ship = ada.room->spawn(at(3, 3));
    ada.room->send("hello", "all", To::all());
    ASSERT_TRUE(until({&ada, &bob, &cyd, &dan}, [&] { return cyd.room->state().contains(ship) && cyd.count("hello all") == 1; }));
    cyd.room->spawn(at(4, 4));
    ASSERT_TRUE(until({&ada, &bob, &cyd, &dan}, [&] { return !cyd.errors.empty(); }));
    Guest eve(relay.url());
    eve.join_by_id(ada.room->room_id(), {.player_id = "eve"});
    ASSERT_TRUE(until({&eve}, [&] { return eve.left != 0; }));
    EXPECT_EQ(eve.left, close_code::room_full);
}

TEST_F(Play, InARoomOfTheServersOnlyTheAuthorityWritesAndItHearsEveryInput) {
    ASSERT_NO_FATAL_FAILURE(meet(ada, bob, "judged"));
    cyd.join_by_id(ada.room->room_id(), {.player_id = "judge", .role = Role::authority});
    ASSERT_TRUE(until({&ada, &bob, &cyd}, [&] { return cyd.joined; })) << cyd.left_reason;
    std::vector<std::string> inputs;
    cyd.room->on_input([&](const Message& message, std::uint32_t) {
        inputs.push_back(std::to_string(message.player) + " " + std::string(message.text()));
    });
    std::string from;
    cyd.room->on_message("ask", [&](const Message& message) { from = std::to_string(message.player) + " " + std::string(message.text()); });
    ada.room->input(bytes_of("left"));
    bob.room->send("ask", "why");  // to the authority, because there is one
    ASSERT_TRUE(until({&ada, &bob, &cyd}, [&] { return inputs.size() == 1 && !from.empty(); }));
    EXPECT_EQ(inputs.front(), std::to_string(ada.room->player()) + " left");
    EXPECT_EQ(from, std::to_string(bob.room->player()) + " why");

    cyd.room->set(ada.room->entity(), arena::Score(3, 1));
    const EntityId ball = cyd.room->spawn(at(0, 0));
    ASSERT_TRUE(until({&ada, &bob, &cyd}, [&] {
        const auto* score = bob.room->state().get<arena::Score>(ada.room->entity());
        return score != nullptr && score->kills() == 3 && bob.room->state().contains(ball);
    }));
    ada.room->spawn(at(1, 1));
    ASSERT_TRUE(until({&ada, &bob, &cyd}, [&] { return !ada.errors.empty(); }));
    EXPECT_TRUE(cyd.errors.empty());
}

// A game in the background: next to nothing comes, and all of it when it is back.
TEST_F(Play, APlayerInTheBackgroundCostsLittleAndIsWholeAgainWhenItReturns) {
    ASSERT_NO_FATAL_FAILURE(meet(ada, bob, "arena"));
    std::vector<EntityId> ships;
    for (int i = 0; i < 40; ++i) ships.push_back(ada.room->spawn(at(0, 0)));
    const auto x_of = [&](const Guest& guest) {
        const arena::Transform* ship = guest.room->state().get<arena::Transform>(ships.back());
        return ship == nullptr ? -1.0F : ship->pos().x();
    };
    ASSERT_TRUE(until({&ada, &bob}, [&] { return x_of(bob) == 0; }));
    float x = 0;
    std::uint32_t until_tick = 0;
    const auto moves = [&] {
        x += 0.37F;
        for (const EntityId ship : ships) ada.room->set(ship, at(x, -x));
        return ada.room->tick() >= until_tick;
    };
    bob.room->set_budget(800);
    until_tick = ada.room->tick() + 60;  // what was on its way
    ASSERT_TRUE(until({&ada, &bob}, moves));
    const std::uint64_t before = bob.room->stats().bytes_received;
    until_tick = ada.room->tick() + 240;
    ASSERT_TRUE(until({&ada, &bob}, moves));
    EXPECT_LT(bob.room->stats().bytes_received - before, 4U * 1000 + 2000) << "four seconds, and one frame may be larger than a second's";
    bob.room->set_budget(0);
    ASSERT_TRUE(until({&ada, &bob}, [&] { return x_of(bob) == x_of(ada); }));
}

TEST_F(Play, ChatTellsEverybodyAndNewcomersItsHistory) {
    ASSERT_NO_FATAL_FAILURE(meet(ada, bob, "talk"));
    for (int i = 1; i <= 7; ++i) ada.room->send("chat", std::to_string(i));
    ASSERT_TRUE(until({&ada, &bob}, [&] { return bob.count("chat 7") == 1; }));
    cyd.join_by_id(ada.room->room_id(), {.player_id = "cyd"});
    ASSERT_TRUE(until({&ada, &bob, &cyd}, [&] { return cyd.count("chat 7") == 1; }));
    for (int i = 4; i <= 7; ++i) EXPECT_EQ(cyd.count("chat " + std::to_string(i)), 1U) << i;
    EXPECT_EQ(cyd.count("chat 1"), 0U);
}

TEST_F(Play, TheMatchServersBroadcastReachesEveryPlayerOnce) {
    ASSERT_NO_FATAL_FAILURE(meet(ada, bob, "arena"));
    std::vector<PlayerNumber> from;
    bob.room->on_message("go", [&](const Message& message) { from.push_back(message.player); });
    const std::string room = ada.room->room_id();
    const std::string done = relay.call("room.broadcast", R"({"room_id":")" + room + R"(","type":"go","data":"bm93"})");
    EXPECT_NE(done.find(R"("result")"), std::string::npos) << done;
    ASSERT_NE(relay.call("room.broadcast", R"({"room_id":")" + room + R"(","type":"stop","data":""})"), "");
    ASSERT_TRUE(until({&ada, &bob}, [&] { return ada.count("stop ") == 1 && bob.count("stop ") == 1; }));
    EXPECT_EQ(ada.count("go now"), 1U);
    EXPECT_EQ(from, std::vector<PlayerNumber>{0}) << "of no player, once";
}

}  // namespace
}  // namespace tickrelay::test
