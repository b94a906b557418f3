// A node is drained, as before a deploy: its rooms go on elsewhere with everything in them, and nobody rejoins by hand.

#include <set>

#include "tests/e2e/fleet/fleet.h"

namespace tickrelay::test {
namespace {

struct Member {
    Member(const std::string& home, const std::string& room_id, std::string called) : name(std::move(called)), room(room_id), guest(home) {
        guest.join_by_id(room_id, {.player_id = name});
    }
    void act(int turn) {
        if (!guest.connected()) return;
        if (ship == 0) ship = guest.room->spawn(standing_at(0));
        guest.room->set(ship, standing_at(x = static_cast<float>(turn % 100)));
        if (turn % 5 == 0) guest.room->send("said", name + " " + std::to_string(++said), To::all());
    }
    std::string name, room;
    Guest guest;
    EntityId ship = 0;
    float x = 0;
    int said = 0;
};

// Rooms with two players each, who came by whatever node.
class Crowd {
  public:
    Crowd(const Fleet& fleet, std::size_t rooms) {
        for (std::size_t i = 0; i < rooms; ++i) {
            const std::string id = "room-" + std::to_string(i);
            EXPECT_LT(fleet.spawn(i % fleet.relays.size(), id), fleet.relays.size());
            for (const char* name : {"ada", "bob"})
                members.push_back(std::make_unique<Member>(fleet.relays[members.size() % fleet.relays.size()]->url(), id, name));
        }
    }
    bool until(const std::function<bool()>& condition, std::chrono::milliseconds patience = std::chrono::seconds(60)) {
        const auto end = std::chrono::steady_clock::now() + patience;
        while (std::chrono::steady_clock::now() < end) {
            for (const auto& each : members) each->guest.client.poll();
            if (condition()) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return false;
    }
    void play(std::chrono::milliseconds how_long) {
        const auto end = std::chrono::steady_clock::now() + how_long;
        while (std::chrono::steady_clock::now() < end) step();
    }
    void step() {
        ++turn_;
        for (const auto& each : members) {
            each->guest.client.poll();
            if (turn_ % 8 == 0) each->act(turn_);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    bool all_joined() {
        return until([&] { return std::ranges::all_of(members, [](const auto& each) { return each->guest.joined; }); });
    }
    // Nobody left, nobody forgot, everything that was said was heard once and in order.
    void expect_whole() {
        const auto settled = [&] {
            return std::ranges::all_of(members, [&](const auto& each) {
                return each->guest.left != 0 || (each->guest.connected() && std::ranges::all_of(members, [&](const auto& from) {
                                                     return from->room != each->room || from->said == 0 || each->guest.count("said " + from->name + " " + std::to_string(from->said)) != 0;
                                                 }));
            });
        };
        EXPECT_TRUE(until(settled)) << "the last that was said did not come";
        for (const auto& each : members) {
            EXPECT_EQ(each->guest.left, 0) << each->room << " " << each->name << ": " << each->guest.left_reason;
            EXPECT_EQ(each->guest.rollbacks, 0) << each->room << " " << each->name << " was told of a roll-back";
            for (const auto& from : members) {
                if (from->room != each->room) continue;
                std::vector<int> heard;
                for (const std::string& text : each->guest.heard)
                    if (text.starts_with("said " + from->name + " ")) heard.push_back(std::stoi(text.substr(6 + from->name.size())));
                std::vector<int> wanted;
                // Who came later heard less.
                for (int n = heard.empty() ? 1 : heard.front(); n <= from->said; ++n) wanted.push_back(n);
                EXPECT_EQ(heard, wanted) << each->room << ": " << each->name << " of " << from->name;
            }
        }
        const auto same = [&] {
            return std::ranges::all_of(members, [&](const auto& each) {
                return std::ranges::all_of(members, [&](const auto& from) {
                    if (from->room != each->room || from->ship == 0) return true;
                    const auto* seen = each->guest.room->state().template get<arena::Transform>(from->ship);
                    return seen != nullptr && seen->pos().x() == from->x;
                });
            });
        };
        EXPECT_TRUE(until(same, std::chrono::seconds(10))) << "a copy differs from what its owner wrote";
    }

    std::vector<std::unique_ptr<Member>> members;

  private:
    int turn_ = 0;
};

TEST(NodeDrain, RoomsGoOnElsewhereAndNobodyRejoins) {
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(3));
    Crowd crowd(fleet, 9);
    ASSERT_TRUE(crowd.all_joined());
    crowd.play(std::chrono::milliseconds(1'000));
    const std::size_t victim = fleet.owner("room-0");
    const std::size_t had = fleet.rooms(victim);
    ASSERT_GE(had, 1U);
    std::thread ends([&] { EXPECT_EQ(fleet.relays[victim]->terminate(), 0) << "the exit code"; });
    const auto began = std::chrono::steady_clock::now();
    std::size_t there = 0;
    while (there < 9 && std::chrono::steady_clock::now() - began < std::chrono::seconds(20)) {
        crowd.play(std::chrono::milliseconds(20));
        there = 0;
        for (std::size_t i = 0; i < 3; ++i) there += i == victim ? 0 : fleet.rooms(i);
    }
    ends.join();
    EXPECT_EQ(there, 9U);
    std::printf("%zu rooms handed over in %.2f s\n", had, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    fleet.relays[victim].reset();
    crowd.play(std::chrono::milliseconds(1'000));
    crowd.expect_whole();
    int moved = 0;
    for (const auto& each : crowd.members) moved += each->guest.returns;
    EXPECT_EQ(moved, static_cast<int>(2 * had));
}

TEST(NodeDrain, ARollingRestartOfAllNodesEndsNoMatch) {
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(3));
    Crowd crowd(fleet, 6);
    ASSERT_TRUE(crowd.all_joined());
    crowd.play(std::chrono::milliseconds(500));
    for (std::size_t node = 0; node < 3; ++node) {
        const std::string listen = "127.0.0.1:" + std::to_string(fleet.relays[node]->port());
        int code = -1;
        std::atomic<bool> ended{false};
        std::thread ends([&] {
            code = fleet.relays[node]->terminate();
            ended = true;
        });
        while (!ended) crowd.step();
        ends.join();
        EXPECT_EQ(code, 0) << "node " << node;
        std::atomic<bool> up{false};
        std::thread plays([&] {
            while (!up) crowd.step();
        });
        auto next = fleet.started("node-" + std::to_string(node), listen);  // here: it would die with the thread that starts it
        up = true;
        plays.join();
        ASSERT_TRUE(next->ready()) << next->log();
        fleet.relays[node] = std::move(next);
        crowd.play(std::chrono::milliseconds(1'500));
    }
    crowd.expect_whole();
    EXPECT_EQ(fleet.rooms(0) + fleet.rooms(1) + fleet.rooms(2), 6U);
}

TEST(NodeDrain, TheLastNodeLeavesItsRoomsToTheNextStart) {
    Fleet fleet;
    ASSERT_NO_FATAL_FAILURE(fleet.start(1));
    ASSERT_EQ(fleet.spawn(0, "only"), 0U);
    ASSERT_TRUE(fleet.answer(0, "relay.drain", R"({"deadline_s":0.1})").contains("result"));
    ASSERT_TRUE(eventually([&] { return fleet.rooms(0) == 0; }));
    ASSERT_TRUE(fleet.answer(0, "relay.undrain", "{}").contains("result"));
    EXPECT_TRUE(eventually([&] { return fleet.rooms(0) == 1; }));
    EXPECT_EQ(fleet.relays[0]->stop(), 0);
    fleet.relays[0] = fleet.started("node-9");
    ASSERT_TRUE(fleet.relays[0]->ready()) << fleet.relays[0]->log();
    EXPECT_TRUE(eventually([&] { return fleet.rooms(0) == 1; }));
}

}  // namespace
}  // namespace tickrelay::test
