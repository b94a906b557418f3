// Players who play, talk, and know afterwards whether anything was lost.
#pragma once

#include "tests/e2e/fleet/fleet.h"

namespace tickrelay::test {

struct Member {
    Member(const std::string& home, const ClientOptions& options, const std::string& room_id, std::string called)
        : name(std::move(called)), room(room_id), guest(home, options) {
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

// Rooms with two players each. Owner: one test.
class Crowd {
  public:
    Crowd() = default;
    // They come by whatever node.
    Crowd(const Fleet& fleet, std::size_t rooms) {
        for (std::size_t i = 0; i < rooms; ++i) {
            const std::string id = "room-" + std::to_string(i);
            EXPECT_LT(fleet.spawn(i % fleet.relays.size(), id), fleet.relays.size());
            for (const char* name : {"ada", "bob"})
                members.push_back(std::make_unique<Member>(fleet.relays[members.size() % fleet.relays.size()]->url(), ClientOptions{}, id, name));
        }
    }
    // Two players of a room that there is, by this address.
    void enter(const std::string& url, const ClientOptions& options, const std::string& room_id) {
        for (const char* name : {"ada", "bob"}) members.push_back(std::make_unique<Member>(url, options, room_id, name));
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

}  // namespace tickrelay::test
