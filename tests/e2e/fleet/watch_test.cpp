// Who only watches may come to any node: each has a mirror of the room, and the room has no more of them than its mirrors.

#include "tests/e2e/fleet/crowd.h"

namespace tickrelay::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const arena::Transform hidden_at = standing_at(77);

struct Watch : testing::Test {
    Fleet fleet;
    std::unique_ptr<Guest> ada;
    EntityId ship = 0;
    float x = 0;

    // Room arena-1 with one player, who has a ship. Returns its node.
    // by_another: she comes by the address of the node after it, and so finds back without its own.
    std::size_t play(std::size_t nodes, bool by_another = false) {
        fleet.start(nodes);
        if (HasFatalFailure()) return 0;
        const std::size_t at = fleet.spawn(0, "arena-1");
        ada = std::make_unique<Guest>(fleet.relays[by_another ? (at + 1) % nodes : at]->url());
        ada->join_by_id("arena-1", {.player_id = "ada"});
        EXPECT_TRUE(until({ada.get()}, [&] { return ada->joined; })) << ada->left_reason;
        if (ada->joined) ship = ada->room->spawn(standing_at(0));
        return at;
    }
    std::unique_ptr<Guest> watcher(std::size_t node, const std::string& name) const {
        auto guest = std::make_unique<Guest>(fleet.relays[node]->url());
        guest->join_by_id("arena-1", {.player_id = name, .role = Role::spectator});
        return guest;
    }
    // ada moves on, and everyone sees it.
    bool all_follow(const std::vector<Guest*>& watchers, milliseconds patience = seconds(30)) {
        x += 1;
        std::vector<Guest*> all = watchers;
        if (ada->connected()) ada->room->set(ship, standing_at(x));
        return poll_until([&] {
            ada->client.poll();
            for (Guest* guest : watchers) guest->client.poll();
        }, [&] {
            if (ada->connected()) ada->room->set(ship, standing_at(x));
            return std::ranges::all_of(all, [&](const Guest* guest) {
                const auto* seen = guest->connected() ? guest->room->state().get<arena::Transform>(ship) : nullptr;
                return seen != nullptr && seen->pos().x() == x;
            });
        }, patience);
    }
};

TEST_F(Watch, SpectatorsOfAllNodesSeeTheRoomAndTheRoomDoesNotSeeThem) {
    const std::size_t at = play(3);
    ASSERT_TRUE(ada && ada->joined);
    std::vector<std::unique_ptr<Guest>> watchers;
    std::vector<Guest*> all;
    for (std::size_t node = 0; node < 3; ++node)
        for (int i = 0; i < 3; ++i) {
            watchers.push_back(watcher(node, "w" + std::to_string(node) + std::to_string(i)));
            all.push_back(watchers.back().get());
        }
    ASSERT_TRUE(all_follow(all));
    for (const Guest* guest : all) {
        EXPECT_EQ(guest->room->role(), Role::spectator);
        const std::vector<Player> players = guest->room->players();
        ASSERT_EQ(players.size(), 1U) << "the roster is the room's";
        EXPECT_EQ(players[0].id, "ada");
    }
    EXPECT_EQ(ada->room->players().size(), 1U);
    for (std::size_t node = 0; node < 3; ++node) EXPECT_EQ(fleet.relays[node]->metric("tickrelay_mirrors"), 1) << node;
    const auto info = fleet.answer(at, "room.info", R"({"room_id":"arena-1"})");
    EXPECT_EQ(info["result"]["players"].size(), 1U) << info.dump();

    // Messages to all, and who comes and goes.
    ada->room->send("said", "hello", To::all());
    Guest bob(fleet.relays[at]->url());
    bob.join_by_id("arena-1", {.player_id = "bob"});
    const auto everyone = [&](const auto& holds) {
        return poll_until([&] {
            ada->client.poll();
            bob.client.poll();
            for (Guest* guest : all) guest->client.poll();
        }, [&] { return std::ranges::all_of(all, holds); }, seconds(30));
    };
    EXPECT_TRUE(everyone([](const Guest* guest) { return guest->count("said hello") == 1 && guest->room->players().size() == 2; }));
    bob.room->leave();
    EXPECT_TRUE(everyone([](const Guest* guest) { return guest->room->players().size() == 1 && guest->went.size() == 1; }));
    // It is read-only.
    all[0]->room->send("said", "me too", To::all());
    all[0]->room->spawn(standing_at(1));
    EXPECT_TRUE(everyone([&](const Guest* guest) { return guest != all[0] || guest->errors.size() >= 2; }));
    EXPECT_TRUE(ada->errors.empty());
    EXPECT_TRUE(std::ranges::none_of(ada->heard, [](const std::string& text) { return text == "said me too"; }));

    // The room ends: so do its mirrors, and those who watch are told why.
    EXPECT_TRUE(fleet.answer(at, "room.close", R"({"room_id":"arena-1"})").contains("result"));
    EXPECT_TRUE(everyone([](const Guest* guest) { return guest->left == close_code::room_closed; }));
    EXPECT_TRUE(eventually([&] {
        double mirrors = 0;
        for (const auto& relay : fleet.relays) mirrors += relay->metric("tickrelay_mirrors");
        return mirrors == 0;
    }));
}

TEST_F(Watch, AMirrorFollowsItsRoomToAnotherNodeAndThroughACrash) {
    const std::size_t at = play(3);
    ASSERT_TRUE(ada && ada->joined);
    const std::size_t where = (at + 1) % 3;
    const auto eve = watcher(where, "eve");
    ASSERT_TRUE(all_follow({eve.get()}));
    // Handed over.
    EXPECT_TRUE(fleet.answer(at, "relay.drain", "{}").contains("result"));
    ASSERT_TRUE(eventually([&] { return fleet.rooms(at) == 0; }));
    EXPECT_TRUE(all_follow({eve.get()})) << eve->left_reason;
    EXPECT_TRUE(fleet.answer(at, "relay.undrain", "{}").contains("result"));
    const std::size_t then = fleet.owner("arena-1");
    ASSERT_LT(then, 3U);
    // Another who came to the room's node as it is now; then that one dies.
    const std::size_t third = 3 - at - then;  // neither
    const auto fay = watcher(third, "fay");
    ASSERT_TRUE(all_follow({eve.get(), fay.get()}));
    fleet.relays[then]->kill_it();
    std::vector<Guest*> left{fay.get()};
    if (then != where) left.push_back(eve.get());
    EXPECT_TRUE(all_follow(left, seconds(60))) << fay->left_reason;
    for (const Guest* guest : left) EXPECT_EQ(guest->left, 0) << guest->left_reason;
}

TEST_F(Watch, ADrainedNodeSendsItsSpectatorsToOthers) {
    const std::size_t at = play(3);
    ASSERT_TRUE(ada && ada->joined);
    const std::size_t where = (at + 1) % 3;
    const auto eve = watcher(where, "eve");
    ASSERT_TRUE(all_follow({eve.get()}));
    EXPECT_TRUE(fleet.answer(where, "relay.drain", "{}").contains("result"));
    ASSERT_TRUE(until({ada.get(), eve.get()}, [&] { return eve->returns + eve->rollbacks == 1; })) << eve->left_reason;
    EXPECT_EQ(eve->drops, std::vector<std::uint16_t>{close_code::moved});
    EXPECT_TRUE(all_follow({eve.get()}));
    EXPECT_TRUE(eventually([&] { return fleet.relays[where]->metric("tickrelay_mirrors") == 0; }));
}

// Without names each mirror makes some up, and the same ones.
TEST_F(Watch, WhoHasNoNameGoesOnWatchingOnAnotherNode) {
    const std::size_t at = play(3);
    ASSERT_TRUE(ada && ada->joined);
    std::vector<std::unique_ptr<Guest>> watchers;
    std::vector<Guest*> all;
    for (std::size_t node = 0; node < 3; ++node)
        for (int i = 0; i < 2; ++i) {
            watchers.push_back(watcher(node, ""));
            all.push_back(watchers.back().get());
        }
    ASSERT_TRUE(all_follow(all));
    const std::size_t goes = (at + 1) % 3;
    EXPECT_TRUE(fleet.answer(goes, "relay.drain", "{}").contains("result"));
    ASSERT_TRUE(eventually([&] {
        for (Guest* guest : all) guest->client.poll();
        return fleet.relays[goes]->metric("tickrelay_mirrors") == 0;
    }));
    EXPECT_TRUE(all_follow(all));
    for (const Guest* guest : all) EXPECT_EQ(guest->left, 0) << guest->left_reason;
}

TEST_F(Watch, WhoAsksForARoomByItsTypeWatchesItAndCreatesNone) {
    const std::size_t at = play(2);
    ASSERT_TRUE(ada && ada->joined);
    Guest eve(fleet.relays[at]->url()), fay(fleet.relays[at]->url());
    eve.enter(eve.client.join("arena", {.player_id = "eve", .role = Role::spectator}));
    fay.enter(fay.client.create("arena", {.player_id = "fay", .role = Role::spectator}));
    EXPECT_TRUE(all_follow({&eve}));
    EXPECT_EQ(ada->room->players().size(), 1U);
    ASSERT_TRUE(until({&fay}, [&] { return fay.left != 0; }));
    EXPECT_EQ(fay.left, close_code::forbidden);
    EXPECT_EQ(fleet.rooms(0) + fleet.rooms(1), 1U);
}

// A match's result is often its last message.
TEST_F(Watch, TheLastOfARoomIsSeen) {
    const std::size_t at = play(2);
    ASSERT_TRUE(ada && ada->joined);
    const auto near = watcher(at, "near"), far = watcher(1 - at, "far");
    ASSERT_TRUE(all_follow({near.get(), far.get()}));
    EXPECT_TRUE(fleet.answer(at, "room.broadcast", R"({"room_id":"arena-1","type":"result","data":"YWRh"})").contains("result"));
    ASSERT_TRUE(until({ada.get()}, [&] { return ada->count("result ada") == 1; }));
    EXPECT_TRUE(fleet.answer(at, "room.close", R"({"room_id":"arena-1"})").contains("result"));
    for (Guest* guest : {near.get(), far.get()}) {
        ASSERT_TRUE(until({guest}, [&] { return guest->left != 0; }));
        EXPECT_EQ(guest->left, close_code::room_closed);
        EXPECT_EQ(guest->count("result ada"), 1U);
    }
}

TEST_F(Watch, NoMessageIsHeardTwiceAfterACrash) {
    const std::size_t at = play(2, /*by_another*/ true);
    ASSERT_TRUE(ada && ada->joined);
    const auto eve = watcher(1 - at, "eve");
    ASSERT_TRUE(all_follow({eve.get()}));
    for (int i = 0; i < 30; ++i) {
        ada->room->send("said", std::to_string(i), To::all());
        ASSERT_TRUE(until({ada.get(), eve.get()}, [&] { return eve->count("said " + std::to_string(i)) == 1; }));
    }
    fleet.relays[at]->kill_it();
    ASSERT_TRUE(all_follow({eve.get()}, seconds(60))) << eve->left_reason;
    ada->room->send("said", "after", To::all());
    ASSERT_TRUE(until({ada.get(), eve.get()}, [&] { return eve->count("said after") == 1; }));
    for (int i = 0; i < 29; ++i) EXPECT_EQ(eve->count("said " + std::to_string(i)), 1U) << i;
}

// In a room with views who watches sees what everyone may see, also of what comes and goes again and again.
TEST_F(Watch, WhatIsNotForEveryoneIsNotShown) {
    fleet.configuration = "\n[type.hall]\nschema = \"arena.bfbs\"\ntick_rate = 30\nempty_ttl_s = 600\nviews = true\n";
    ASSERT_NO_FATAL_FAILURE(fleet.start(2));
    const auto spawned = fleet.answer(0, "room.spawn", R"({"type":"hall","id":"arena-1"})");
    ASSERT_TRUE(spawned.contains("result")) << spawned.dump();
    const std::size_t at = Fleet::node_number(spawned["result"]["node"]);
    ada = std::make_unique<Guest>(fleet.relays[at]->url());
    ada->join_by_id("arena-1", {.player_id = "ada"});
    ASSERT_TRUE(until({ada.get()}, [&] { return ada->joined; }));
    ship = ada->room->spawn(standing_at(0));
    const EntityId hidden = ada->room->spawn("arena.Transform", {reinterpret_cast<const std::uint8_t*>(&hidden_at), sizeof hidden_at}, false, SeenBy::owner);
    const auto near = watcher(at, "near"), far = watcher(1 - at, "far");
    ASSERT_TRUE(all_follow({near.get(), far.get()}));
    for (int round = 0; round < 6; ++round) {
        const bool shown = round % 2 == 1;
        const std::string to = shown ? "everyone" : "owner";
        const auto done = fleet.answer(at, "room.show", R"({"room_id":"arena-1","entity":)" + std::to_string(ship) + R"(,"to":")" + to + "\"}");
        ASSERT_TRUE(done.contains("result")) << done.dump();
        x += 1;
        ada->room->set(ship, standing_at(x));
        ASSERT_TRUE(until({ada.get(), near.get(), far.get()}, [&] {
            return std::ranges::all_of(std::initializer_list<const Guest*>{near.get(), far.get()}, [&](const Guest* guest) {
                const auto* seen = guest->room->state().get<arena::Transform>(ship);
                return shown ? seen != nullptr && seen->pos().x() == x : seen == nullptr;
            });
        })) << round;
    }
    EXPECT_FALSE(near->room->state().contains(hidden));
    EXPECT_FALSE(far->room->state().contains(hidden));
}

// Nobody has it before its time, on whatever node: a room with a delay is published from a mirror of its own node.
TEST_F(Watch, WithADelayNobodySeesTheRoomEarlier) {
    fleet.configuration = "\n[type.final]\nschema = \"arena.bfbs\"\ntick_rate = 30\nempty_ttl_s = 600\nspectator_delay_s = 6\n";
    ASSERT_NO_FATAL_FAILURE(fleet.start(2));
    const auto spawned = fleet.answer(0, "room.spawn", R"({"type":"final","id":"arena-1"})");
    ASSERT_TRUE(spawned.contains("result")) << spawned.dump();
    const std::size_t at = Fleet::node_number(spawned["result"]["node"]);
    ada = std::make_unique<Guest>(fleet.relays[at]->url());
    ada->join_by_id("arena-1", {.player_id = "ada"});
    ASSERT_TRUE(until({ada.get()}, [&] { return ada->joined; }));
    const auto near = watcher(at, "near"), far = watcher(1 - at, "far");
    ASSERT_TRUE(until({ada.get(), near.get(), far.get()}, [&] { return near->joined && far->joined; }, seconds(60))) << near->left_reason << far->left_reason;
    ship = ada->room->spawn(standing_at(0));
    const auto began = std::chrono::steady_clock::now();
    std::map<const Guest*, milliseconds> after;
    ASSERT_TRUE(until({ada.get(), near.get(), far.get()}, [&] {
        for (const Guest* guest : {near.get(), far.get()})
            if (guest->connected() && guest->room->state().contains(ship))
                after.try_emplace(guest, std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began));
        return after.size() == 2;
    }));
    for (const auto& [guest, ms] : after) EXPECT_GE(ms, milliseconds(6'000));
    for (const auto& relay : fleet.relays) EXPECT_GE(relay->metric("tickrelay_mirror_age_seconds"), 6.0);
    // To its end, also on the other node.
    ada->room->send("result", "ada won", To::all());
    ASSERT_TRUE(until({ada.get(), near.get(), far.get()}, [&] { return ada->count("result ada won") == 1; }));
    EXPECT_TRUE(fleet.answer(at, "room.close", R"({"room_id":"arena-1"})").contains("result"));
    ASSERT_TRUE(until({near.get(), far.get()}, [&] { return near->left != 0 && far->left != 0; }, seconds(60)));
    for (const Guest* guest : {near.get(), far.get()}) {
        EXPECT_EQ(guest->left, close_code::room_closed) << guest->left_reason;
        EXPECT_EQ(guest->count("result ada won"), 1U);
    }
}

// A relay alone, and a room that alone of its type has a delay: by its id and by its type. It is seen to its end.
TEST(WatchAlone, ARoomWithADelayIsSeenLaterAndToItsEnd) {
    RelayProcess relay({.configuration = fleet_types, .arguments = {"--dev"}, .listen = "127.0.0.1:0"});
    ASSERT_TRUE(relay.ready()) << relay.log();
    const auto spawned = Fleet::Json::parse(relay.call("room.spawn", R"({"type":"arena","id":"arena-1","spectator_delay_s":2})"), nullptr, false);
    ASSERT_TRUE(spawned.contains("result")) << spawned.dump();
    Guest ada(relay.url()), by_id(relay.url()), by_type(relay.url());
    ada.join_by_id("arena-1", {.player_id = "ada"});
    ASSERT_TRUE(until({&ada}, [&] { return ada.joined; })) << ada.left_reason;
    by_id.join_by_id("arena-1", {.player_id = "eve", .role = Role::spectator});
    by_type.enter(by_type.client.join_or_create("arena", {.player_id = "fay", .role = Role::spectator}));
    ASSERT_TRUE(until({&ada, &by_id, &by_type}, [&] { return by_id.joined && by_type.joined; })) << by_id.left_reason << by_type.left_reason;
    EXPECT_EQ(ada.room->players().size(), 1U);
    const EntityId ship = ada.room->spawn(standing_at(1));
    const auto began = std::chrono::steady_clock::now();
    std::map<const Guest*, milliseconds> after;
    ASSERT_TRUE(until({&ada, &by_id, &by_type}, [&] {
        for (const Guest* guest : {&by_id, &by_type})
            if (guest->connected() && guest->room->state().contains(ship))
                after.try_emplace(guest, std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began));
        return after.size() == 2;
    }));
    for (const auto& [guest, ms] : after) EXPECT_GE(ms, milliseconds(2'000));
    ada.room->send("result", "ada won", To::all());
    ASSERT_TRUE(until({&ada, &by_id, &by_type}, [&] { return ada.count("result ada won") == 1; }));
    (void)relay.call("room.close", R"({"room_id":"arena-1"})");
    ASSERT_TRUE(until({&by_id, &by_type}, [&] { return by_id.left != 0 && by_type.left != 0; }));
    for (const Guest* guest : {&by_id, &by_type}) {
        EXPECT_EQ(guest->left, close_code::room_closed) << guest->left_reason;
        EXPECT_EQ(guest->count("result ada won"), 1U);
    }
}

}  // namespace
}  // namespace tickrelay::test
