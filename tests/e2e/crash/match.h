// Three players in one room of a relay with a data_dir, which write all the time; and what must hold whenever the relay comes back.
// Owner: one test.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/e2e/crash/kept_room.h"
#include "tests/e2e/play/arena.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/relay_process.h"

namespace tickrelay::test {

inline std::string match_types() {
    return "drain_deadline = 0\n[store]\ncheckpoint_interval = 0.5\n" + both_codecs() + arena_types("views", "view_radius = 100\n");
}
inline const auto kinds_of_match = testing::Values("packed", "plain", "views", "views-plain");
inline std::string name_of_kind(const testing::TestParamInfo<const char*>& kind) {
    std::string name = kind.param;
    std::erase(name, '-');
    return name;
}

struct MatchPlayer {
    explicit MatchPlayer(std::string called, const std::string& url) : name(std::move(called)), guest(url) {}

    void poll() {
        const std::size_t drops = guest.drops.size();
        guest.client.poll();
        if (guest.drops.size() == drops) return;
        had = guest.room->state().tick();
        lives.push_back(guest.heard.size());
    }
    [[nodiscard]] int comebacks() const { return guest.returns + guest.rollbacks; }

    std::string name;
    Guest guest;
    EntityId ship = 0;
    std::vector<EntityId> things;
    float x = 0;
    int said = 0;
    std::map<int, int> said_in;    // number → which life of the relay it was said in
    std::uint32_t had = 0;         // the tick that it had when the connection broke
    std::vector<std::size_t> lives{0};  // where in guest.heard each life begins
};

class Match {
  public:
    explicit Match(std::string type) : type_(std::move(type)), data_dir_(new_folder()) {}
    ~Match() {
        relay.reset();
        std::filesystem::remove_all(data_dir_);
    }

    void start() {
        const std::string listen = port_ == 0 ? "127.0.0.1:0" : "127.0.0.1:" + std::to_string(port_);
        relay = std::make_unique<RelayProcess>(RelaySettings{.configuration = match_types(), .arguments = {"--dev", "--data-dir", data_dir_}, .listen = listen});
        ASSERT_TRUE(relay->ready()) << relay->log();
        port_ = relay->port();
    }

    void meet() {
        ASSERT_NO_FATAL_FAILURE(start());
        for (const char* name : {"ada", "bob", "cyd"}) {
            players.push_back(std::make_unique<MatchPlayer>(name, relay->url()));
            MatchPlayer& player = *players.back();
            if (players.size() == 1)
                player.guest.join_or_create(type_, {.player_id = name});
            else
                player.guest.join_by_id(room_id(), {.player_id = name});
            ASSERT_TRUE(until([&] { return player.guest.joined; })) << player.guest.left_reason;
            player.ship = player.guest.room->spawn(placed(0));
        }
        far = players[1]->guest.room->spawn(placed(900));
        ASSERT_TRUE(until([&] { return players[0]->guest.came.size() == 3 && players[2]->guest.came.size() == 3; }));
    }

    [[nodiscard]] std::string room_id() const { return players[0]->guest.room->room_id(); }
    [[nodiscard]] const std::string& data_dir() const { return data_dir_; }
    [[nodiscard]] bool views() const { return type_.starts_with("views"); }

    bool until(const std::function<bool()>& condition) {
        return poll_until([&] { for (const auto& player : players) player->poll(); }, condition, std::chrono::seconds(60));
    }

    // Everyone writes for so long; without an end to what is under way.
    void play(std::chrono::milliseconds how_long) {
        const auto end = std::chrono::steady_clock::now() + how_long;
        while (std::chrono::steady_clock::now() < end) {
            for (const auto& player : players) {
                player->poll();
                if (player->guest.connected() && chance() % 8 == 0) act(*player);
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    // Back in their seats, by themselves.
    void expect_comeback(int lives) {
        ASSERT_TRUE(until([&] {
            return std::all_of(players.begin(), players.end(), [&](const auto& player) { return player->comebacks() == lives || player->guest.left != 0; });
        }));
        for (const auto& player : players) ASSERT_EQ(player->guest.left, 0) << player->name << ": " << player->guest.left_reason;
    }

    // What each player sees is what the room is.
    void expect_same_state() {
        std::string last;
        const bool same = until([&] {
            last = difference();
            return last.empty();
        });
        EXPECT_TRUE(same) << last;
    }

    // said: in the checkpoint that the relay came back with; life: the one before, from 0.
    void expect_messages_once(const std::set<std::string>& said, std::size_t life) {
        for (const auto& receiver : players)
            for (const auto& sender : players)
                for (const auto& [number, in] : sender->said_in) {
                    const std::string text = sender->name + " " + std::to_string(number);
                    if (static_cast<std::size_t>(in) != life || !said.contains(text)) continue;
                    const bool once = until([&] { return receiver->guest.count("said " + text) != 0; });
                    EXPECT_TRUE(once) << receiver->name << " did not hear " << text;
                    EXPECT_EQ(receiver->guest.count("said " + text), 1U) << receiver->name << " heard it again: " << text;
                }
        for (const auto& receiver : players) expect_no_repeat(*receiver);
    }

    std::unique_ptr<RelayProcess> relay;
    std::vector<std::unique_ptr<MatchPlayer>> players;
    EntityId far = 0;
    int life = 0;

  private:
    static std::string new_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "tickrelay-crash-XXXXXX").string();
        return mkdtemp(name.data()) == nullptr ? std::string() : name;
    }
    std::uint32_t chance() { return random_(); }

    void act(MatchPlayer& player) {
        Room& room = *player.guest.room;
        player.x = player.x > 40 ? 0 : player.x + 0.25F;
        room.set(player.ship, placed(player.x, static_cast<float>(room.player())));
        if (chance() % 2 == 0) {
            const int number = ++player.said;
            player.said_in[number] = life;
            room.send("said", player.name + " " + std::to_string(number), To::all());
        }
        if (chance() % 8 != 0) return;
        if (player.things.size() < 4) {
            if (const EntityId thing = room.spawn(placed(1, 2)); thing != 0) player.things.push_back(thing);
        } else {
            room.despawn(player.things.front());
            player.things.erase(player.things.begin());
        }
    }

    // In one life of the relay everything is heard once, and each sender in order.
    void expect_no_repeat(const MatchPlayer& receiver) const {
        for (std::size_t from = 0; from < receiver.lives.size(); ++from) {
            const std::size_t begin = receiver.lives[from];
            const std::size_t end = from + 1 < receiver.lives.size() ? receiver.lives[from + 1] : receiver.guest.heard.size();
            std::map<std::string, int> last;
            for (std::size_t i = begin; i < end; ++i) {
                const std::string& text = receiver.guest.heard[i];
                if (!text.starts_with("said ")) continue;
                const std::string sender = text.substr(5, 3);
                const int number = std::stoi(text.substr(9));
                EXPECT_GT(number, last[sender]) << receiver.name << " hears " << text << " after " << last[sender];
                last[sender] = number;
            }
        }
    }

    // Of the room's state as the relay tells it and each player's copy; empty where there is none.
    std::string difference() {
        const auto answer = nlohmann::json::parse(relay->call("room.state", R"({"room_id":")" + room_id() + "\"}"), nullptr, false);
        if (answer.is_discarded() || !answer.contains("result")) return "no room.state: " + (answer.is_discarded() ? "" : answer.dump());
        const nlohmann::json& entities = answer["result"]["entities"];
        for (const auto& player : players)
            if (std::string wrong = difference_of(*player, entities); !wrong.empty()) return player->name + ": " + wrong;
        return {};
    }

    std::string difference_of(const MatchPlayer& player, const nlohmann::json& entities) const {
        const State& state = player.guest.room->state();
        std::size_t expected = 0;
        for (const auto& [text, components] : entities.items()) {
            const auto id = static_cast<EntityId>(std::stoul(text));
            if (views() && id == far && player.name != "bob") {
                if (state.contains(id)) return "sees what is far away";
                continue;
            }
            ++expected;
            if (!state.contains(id)) return "lacks entity " + text;
            if (components.contains("tickrelay.Owner") && components["tickrelay.Owner"]["player"] != state.owner(id)) return "has another owner of " + text;
            const auto* at = state.get<arena::Transform>(id);
            if (components.contains("arena.Transform") != (at != nullptr)) return "has another Transform of " + text;
            if (at == nullptr) continue;
            const auto& pos = components["arena.Transform"]["pos"];
            if (std::abs(pos["x"].get<float>() - at->pos().x()) > 1e-4F || std::abs(pos["z"].get<float>() - at->pos().z()) > 1e-4F)
                return "has entity " + text + " at " + std::to_string(at->pos().x()) + ", the room at " + pos.dump();
        }
        return state.entities().size() == expected ? "" : "has " + std::to_string(state.entities().size()) + " entities of " + std::to_string(expected);
    }

    std::string type_;
    std::string data_dir_;
    std::uint16_t port_ = 0;
    std::mt19937 random_{7};
};

}  // namespace tickrelay::test
