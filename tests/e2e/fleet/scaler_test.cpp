// tools/scaler over a day of players in a minute: relays come as rooms do, and go when they do, and nobody notices.
// TICKRELAY_DAY_S=3600 makes the same day last an hour.

#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/e2e/fleet/crowd.h"
#include "tests/e2e/play/child.h"
#include "tools/ctl/call.h"

namespace tickrelay::test {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr int usual_day_s = 50;
constexpr int rooms_at_noon = 20;  // 2 players × 1 ms × 20 Hz: 4 % of a relay each
constexpr int rooms_at_night = 2;

class Day : public testing::Test {
  protected:
    void SetUp() override {
        folder = (std::filesystem::temp_directory_path() / "tickrelay-day-XXXXXX").string();
        ASSERT_NE(mkdtemp(folder.data()), nullptr);
        std::ofstream(folder + "/fleet.toml") << "workers = 1\nloops = 1\ndrain_deadline = 2\nlogic = [\"" TICKRELAY_SLOW_LOGIC "\"]\n[store]\ncheckpoint_interval = 0.5\n"
                                              << "[type.arena]\nschema = \"" TICKRELAY_ARENA_SCHEMA "\"\nlogic = \"slow\"\ntick_rate = 20\nempty_ttl_s = 1\ngrace_s = 60\n";
        ASSERT_TRUE(eventually([&] { return nats.ready(); }, std::chrono::seconds(60)));
        if (const char* asked = std::getenv("TICKRELAY_DAY_S")) day_s = std::atoi(asked);
        const std::string hold_down = std::to_string(3.0 * day_s / usual_day_s);
        std::vector<std::string> command{"python3", TICKRELAY_SCALER, "--relay", TICKRELAY_PROGRAM, "--dir", folder, "--nats", nats.urls(),
                                         "--up", "0.7", "--down", "0.8", "--hold-up", "1", "--hold-down", hold_down, "--every", "0.25"};
        for (const char* name : {"a", "b", "c", "d"}) command.insert(command.end(), {"--slot", std::string(name) + "=127.0.0.1:0,127.0.0.1:0"});
        command.insert(command.end(), {"--", "--dev", "--config", folder + "/fleet.toml"});
        scaler = std::make_unique<Child>(command);
    }
    void TearDown() override {
        crowd.members.clear();
        gone.clear();
        if (scaler) {
            scaler->signal(SIGTERM);
            EXPECT_EQ(scaler->ended(), 0);
            if (HasFailure())
                for (const std::string& line : scaler->lines()) std::cerr << "the scaler: " << line << "\n";
        }
        for (const char* name : {"a", "b", "c", "d"})
            if (const std::string log = folder + "/" + name + ".log"; HasFailure() && std::filesystem::exists(log)) std::cerr << std::ifstream(log).rdbuf();
        std::filesystem::remove_all(folder);
    }
    // Of any relay that answers; null where none does.
    [[nodiscard]] Json ask(const std::string& method, const Json& params) const {
        for (const char* name : {"a", "b", "c", "d"}) try {
                return ctl::Connection(folder + "/" + name + ".sock").call(method, params);
            } catch (const ctl::Failure&) {
                continue;
            }
        return {};
    }
    [[nodiscard]] int running() const {
        int count = 0;
        for (const char* name : {"a", "b", "c", "d"}) count += std::filesystem::exists(folder + "/" + name + ".sock") ? 1 : 0;
        return count;
    }
    void open_room() {
        const std::string id = "room-" + std::to_string(opened++);
        Json room;
        ASSERT_TRUE(crowd.until([&] {
            room = ask("room.spawn", {{"type", "arena"}, {"id", id}});
            return room.is_object();
        }));
        crowd.enter(room.at("url"), {}, id);
    }
    // The match of the room that is open longest ends, as its players see fit.
    void end_match() {
        for (int i = 0; i < 2; ++i) {
            crowd.members[static_cast<std::size_t>(i)]->guest.room->leave();
            gone.push_back(std::move(crowd.members[static_cast<std::size_t>(i)]));
        }
        crowd.members.erase(crowd.members.begin(), crowd.members.begin() + 2);
        const auto all_left = [&] { return gone[gone.size() - 1]->guest.left != 0 && gone[gone.size() - 2]->guest.left != 0; };
        crowd.until([&] {
            for (auto each = gone.end() - 2; each != gone.end(); ++each) (*each)->guest.client.poll();
            return all_left();
        });
        for (auto each = gone.end() - 2; each != gone.end(); ++each) EXPECT_EQ((*each)->guest.left, close_code::left) << (*each)->guest.left_reason;
    }
    void live(double share) { crowd.play(milliseconds(static_cast<int>(share * day_s * 1'000))); }

    int day_s = usual_day_s;
    std::string folder;
    NatsServers nats{1};
    std::unique_ptr<Child> scaler;
    Crowd crowd;
    std::vector<std::unique_ptr<Member>> gone;
    int opened = 0;
};

TEST_F(Day, RelaysFollowTheLoadUpAndDownAndNobodyRejoins) {
    ASSERT_TRUE(eventually([&] { return ask("relay.info", Json::object()).is_object(); })) << "the first relay";
    for (int i = 0; i < rooms_at_noon; ++i) {  // the morning
        ASSERT_NO_FATAL_FAILURE(open_room());
        live(0.3 / rooms_at_noon);
    }
    ASSERT_TRUE(crowd.all_joined());
    int most = running();
    const auto noon = [&] { return (most = std::max(most, running())) >= 3; };
    EXPECT_TRUE(crowd.until([&] {
        crowd.step();
        return noon();
    })) << "relays for " << rooms_at_noon << " rooms: " << most;
    live(0.1);
    while (crowd.members.size() > 2 * rooms_at_night) {  // the evening
        end_match();
        live(0.3 / rooms_at_noon);
        most = std::max(most, running());
    }
    EXPECT_TRUE(crowd.until([&] {
        crowd.step();
        return running() == 1;
    })) << "relays at night: " << running();
    live(0.05);
    crowd.expect_whole();
    int followed = 0, drops = 0;
    for (const auto* members : {&crowd.members, &gone})
        for (const auto& each : *members) {
            followed += each->guest.returns;
            drops += static_cast<int>(each->guest.drops.size());
            EXPECT_EQ(each->guest.rollbacks, 0) << each->room << " " << each->name;
        }
    std::printf("%d relays at most, 1 at night; players followed their rooms %d times\n", most, followed);
    EXPECT_EQ(ask("room.list", Json::object()).at("rooms").size(), static_cast<std::size_t>(rooms_at_night));
    const auto& said = scaler->lines();
    EXPECT_TRUE(std::ranges::none_of(said, [](const std::string& line) { return line.starts_with("died"); }));
    EXPECT_GE(std::ranges::count_if(said, [](const std::string& line) { return line.starts_with("ended"); }), 2);
    for (const std::string& line : said) std::printf("  %s\n", line.c_str());
}

}  // namespace
}  // namespace tickrelay::test
