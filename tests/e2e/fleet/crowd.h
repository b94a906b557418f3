// Players who play, talk, and know afterwards whether anything was lost, and how long they stood still.
#pragma once

#include <map>

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
    // Call after a poll.
    void look(std::chrono::steady_clock::time_point now) {
        if (!guest.connected() || guest.room->state().tick() == tick) return;
        tick = guest.room->state().tick();
        if (last_frame.time_since_epoch().count() != 0) longest = std::max(longest, now - last_frame);
        last_frame = now;
    }
    std::string name, room;
    Guest guest;
    EntityId ship = 0;
    float x = 0;
    int said = 0;
    std::uint32_t tick = 0;
    std::chrono::steady_clock::time_point last_frame;
    std::chrono::steady_clock::duration longest{};  // between two frames
    int returns_before = 0;
};

// Rooms with a few players each. Owner: one test.
class Crowd {
  public:
    Crowd() = default;
    // They come by whatever node.
    Crowd(const Fleet& fleet, std::size_t rooms, std::size_t players = 2) {
        for (std::size_t i = 0; i < rooms; ++i) {
            const std::string id = "room-" + std::to_string(i);
            EXPECT_LT(fleet.spawn(i % fleet.relays.size(), id), fleet.relays.size());
            for (std::size_t player = 0; player < players; ++player)
                members.push_back(std::make_unique<Member>(fleet.relays[members.size() % fleet.relays.size()]->url(), ClientOptions{}, id,
                                                           "player-" + std::to_string(player)));
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
            each->look(std::chrono::steady_clock::now());
            if (turn_ % 8 == 0) each->act(turn_);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    // From now on.
    void forget_gaps() {
        for (const auto& each : members) {
            each->longest = {};
            each->returns_before = each->guest.returns;
        }
    }
    // The longest between two frames of each who came back since, ms, sorted.
    [[nodiscard]] std::vector<double> gaps_of_movers() const {
        std::vector<double> gaps;
        for (const auto& each : members)
            if (each->guest.returns > each->returns_before) gaps.push_back(std::chrono::duration<double, std::milli>(each->longest).count());
        std::ranges::sort(gaps);
        return gaps;
    }
    bool all_joined() {
        return until([&] { return std::ranges::all_of(members, [](const auto& each) { return each->guest.joined; }); });
    }
    // Nobody left, nobody forgot, everything that was said was heard once and in order.
    void expect_whole() {
        const auto pairs_hold = [&](const auto& holds) {
            return std::ranges::all_of(by_room(), [&](const auto& room) {
                return std::ranges::all_of(room.second, [&](const Member* each) {
                    return std::ranges::all_of(room.second, [&](const Member* from) { return holds(*each, *from); });
                });
            });
        };
        const auto settled = [&] {
            return pairs_hold([](const Member& each, const Member& from) {
                return each.guest.left != 0 || (each.guest.connected() && (from.said == 0 || each.guest.count("said " + from.name + " " + std::to_string(from.said)) != 0));
            });
        };
        EXPECT_TRUE(until(settled)) << "the last that was said did not come";
        for (const auto& [room, there] : by_room())
            for (const Member* each : there) {
                EXPECT_EQ(each->guest.left, 0) << room << " " << each->name << ": " << each->guest.left_reason;
                EXPECT_EQ(each->guest.rollbacks, 0) << room << " " << each->name << " was told of a roll-back";
                for (const Member* from : there) {
                    std::vector<int> heard;
                    for (const std::string& text : each->guest.heard)
                        if (text.starts_with("said " + from->name + " ")) heard.push_back(std::stoi(text.substr(6 + from->name.size())));
                    std::vector<int> wanted;
                    // Who came later heard less.
                    for (int n = heard.empty() ? 1 : heard.front(); n <= from->said; ++n) wanted.push_back(n);
                    EXPECT_EQ(heard, wanted) << room << ": " << each->name << " of " << from->name;
                }
            }
        const auto same = [&] {
            return pairs_hold([](const Member& each, const Member& from) {
                if (from.ship == 0) return true;
                const auto* seen = each.guest.room->state().template get<arena::Transform>(from.ship);
                return seen != nullptr && seen->pos().x() == from.x;
            });
        };
        EXPECT_TRUE(until(same, std::chrono::seconds(10))) << "a copy differs from what its owner wrote";
    }

    std::vector<std::unique_ptr<Member>> members;

  private:
    [[nodiscard]] std::map<std::string, std::vector<const Member*>> by_room() const {
        std::map<std::string, std::vector<const Member*>> rooms;
        for (const auto& each : members) rooms[each->room].push_back(each.get());
        return rooms;
    }
    int turn_ = 0;
};

}  // namespace tickrelay::test
