// Records what a relay sends to a program of an older schema: Welcome, frames, Yours, and the room's state at the end as the
// match server sees it. Run once a release; what older releases recorded stays.
//
//   record_session packed > tests/golden/session_packed.json
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "schema/arena_generated.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/newer.h"
#include "tests/e2e/play/relay_process.h"
#include "tests/e2e/play/wire_player.h"
#include "tests/unit/schema/base64.h"

namespace tickrelay::test {
namespace {

using nlohmann::ordered_json;

constexpr int steps = 90;

std::string base64_of(std::string_view bytes) { return base64({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}); }

// Two who move, turn, come and go, and talk.
class Scene {
  public:
    explicit Scene(const std::string& url) : ada_(url), bob_(url) {}

    bool meet() {
        ada_.join_or_create("recorded", {.player_id = "ada"});
        if (!until({&ada_}, [this] { return ada_.joined; })) return false;
        bob_.join_by_id(room_id(), {.player_id = "bob"});
        return until({&ada_, &bob_}, [this] { return bob_.joined && bob_.came.size() == 2; });
    }
    [[nodiscard]] const std::string& room_id() const { return ada_.room->room_id(); }

    void play(int step) {
        const float way = 0.1F * static_cast<float>(step);
        if (step % 15 == 0) ships_.push_back(ada_.room->spawn(newer::Transform{way, 0, 0, 0, {}, 0}));
        for (std::size_t i = 0; i < ships_.size(); ++i) {
            const float half = 0.07F * static_cast<float>(step) * static_cast<float>(i + 1);
            ada_.room->set(ships_[i], newer::Transform{way + static_cast<float>(i), way * way, -way, half, {std::sin(half) * 0.6F, std::sin(half) * 0.8F, 0, std::cos(half)}, -half});
            if (step % 7 == 0) ada_.room->set(ships_[i], newer::Health{static_cast<std::uint8_t>(step), 3, step % 14 == 0, static_cast<std::uint8_t>(step % 3)});
        }
        if (step == 40) ada_.room->despawn(ships_[1]), ships_.erase(ships_.begin() + 1);
        if (step % 30 == 10) bob_.room->set(bob_.room->entity(), newer::Rank{step, {0, std::sin(way), 0, std::cos(way)}});
        if (step % 20 == 5) bob_.room->send("chat", "step " + std::to_string(step), To::all());
        if (step == 50) ada_.room->set(ships_[0], newer::Armour{9});
        ada_.client.poll();
        bob_.client.poll();
    }
    void rest() {
        ada_.client.poll();
        bob_.client.poll();
    }

  private:
    Guest ada_, bob_;
    std::vector<EntityId> ships_;
};

int record(const std::string& codec) {
    RelayProcess relay{{.configuration = "[type.recorded]\nschema = \"arena_newer.bfbs\"\ntick_rate = 30\ncodec = \"" + codec + "\"\n"}};
    Scene scene(relay.url());
    if (!relay.ready() || !scene.meet()) return 1;
    ordered_json messages = ordered_json::array();
    WirePlayer older(relay.port());
    older.on_message([&](std::string_view message) { messages.push_back(base64_of(message)); });
    if (!older.join(scene.room_id(), "old")) return 1;
    const auto pass = [&](const auto& move, bool reads = true) {
        move();
        if (reads && !older.step(64 * 1024, [](const Arrival&) {})) throw std::runtime_error("the connection ended: " + older.close_text());
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    };
    for (int step = 0; step < steps; ++step) pass([&] { scene.play(step); }, step < 45 || step > 70);  // falls behind: a catch-up
    for (int step = 0; step < 30; ++step) pass([&] { scene.rest(); });  // until nothing is on its way
    const auto state = ordered_json::parse(relay.call("room.state", R"({"room_id":")" + scene.room_id() + "\"}")).at("result");
    std::cout << "{\"codec\":\"" << codec << "\",\n\"state\":" << state.dump() << ",\n\"messages\":[";
    for (std::size_t i = 0; i < messages.size(); ++i) std::cout << (i == 0 ? "\n" : ",\n") << messages[i].dump();
    std::cout << "\n]}\n";
    return 0;
}

}  // namespace
}  // namespace tickrelay::test

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "record_session packed|plain\n";
        return 2;
    }
    try {
        return tickrelay::test::record(argv[1]);
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
