// room.info says where the bytes of a room's frames went: held against what a player received.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/e2e/play/relay_process.h"
#include "tests/e2e/play/wire_player.h"

namespace tickrelay::test {
namespace {

using nlohmann::json;

class Bytes : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(BothCodecs, Bytes, testing::Values("plain", "packed"));

// Components, envelope, events and others.
double sum_of_parts(const json& info) {
    const json& frames = info.at("frames");
    double sum = frames.at("envelope").get<double>() + frames.at("events").get<double>() + frames.at("other").get<double>();
    for (const json& component : info.at("components")) sum += component.at("bytes").get<double>();
    return sum;
}

// A room of bots with one player, who reads whatever comes.
class WatchedRoom {
  public:
    explicit WatchedRoom(const std::string& codec) {
        const std::string made = relay_.call("room.spawn", R"({"type":"demo","id":"bots","tick_rate":60,"codec":")" + codec + "\"}");
        EXPECT_NE(made.find("\"result\""), std::string::npos) << made;
        EXPECT_TRUE(player_.join("bots", "watcher"));
    }

    json info() const { return json::parse(relay_.call("room.info", R"({"room_id":"bots"})")).at("result"); }
    bool play_until(const std::function<bool()>& condition) {
        const auto take = [this](const Arrival& arrival) {
            newest_ = arrival.tick;
            bytes_[arrival.tick] = arrival.bytes + (arrival.bytes < 126 ? 2 : 4);  // and its header
        };
        return eventually([&] { return !player_.step(64 * 1024, take) || condition(); }) && player_.close_code() == 0;
    }
    bool play_until_tick(const json& info, std::uint32_t more) {
        return play_until([&] { return newest_ > info.at("tick").get<std::uint32_t>() + more; });
    }
    struct Received {
        std::uint64_t frames = 0;
        double bytes = 0;
    };
    Received received(const json& from, const json& to) const {
        Received sum;
        for (const auto& [tick, bytes] : bytes_) {
            if (tick <= from.at("tick").get<std::uint32_t>() || tick > to.at("tick").get<std::uint32_t>()) continue;
            ++sum.frames;
            sum.bytes += static_cast<double>(bytes);
        }
        return sum;
    }

  private:
    RelayProcess relay_;
    WirePlayer player_{relay_.port()};
    std::uint32_t newest_ = 0;
    std::map<std::uint32_t, std::size_t> bytes_;  // by tick
};

TEST_P(Bytes, OfARoomAddUpToWhatAPlayerReceived) {
    WatchedRoom room(GetParam());
    ASSERT_TRUE(room.play_until_tick({{"tick", 0}}, 60));
    bool compared = false;
    // A player who falls behind for a moment misses some frames and gets one that is made for it: such a stretch does not count.
    for (int i = 0; i < 20 && !compared; ++i) {
        const json before = room.info();
        ASSERT_TRUE(room.play_until_tick(before, 60));
        const json after = room.info();
        ASSERT_TRUE(room.play_until_tick(after, 0));
        const auto received = room.received(before, after);
        const auto encoded = [&](const char* what) { return after["frames"][what].get<double>() - before["frames"][what].get<double>(); };
        if (static_cast<double>(received.frames) != encoded("count")) continue;
        compared = true;
        EXPECT_GT(received.bytes, 60 * 30);
        EXPECT_DOUBLE_EQ(encoded("bytes"), received.bytes);
        EXPECT_NEAR((sum_of_parts(after) - sum_of_parts(before)) / received.bytes, 1, 0.01);
        EXPECT_GT(after["frames"]["bytes_per_s"].get<double>(), 0);
    }
    EXPECT_TRUE(compared);
}

TEST_P(Bytes, GoToTheComponentThatMoves) {
    WatchedRoom room(GetParam());
    ASSERT_TRUE(room.play_until_tick({{"tick", 0}}, 60));
    const json components = room.info().at("components");
    const auto bytes_of = [](const json& of) { return of.at("bytes").get<double>(); };
    const json most = std::ranges::max(components, {}, bytes_of);
    EXPECT_EQ(most.at("name"), "arena.Transform");
    EXPECT_GE(most.at("changes").get<int>(), 12 * 30);
    double fields = 0;
    for (const json& field : most.at("fields")) fields += bytes_of(field);
    EXPECT_GT(fields, bytes_of(most) / 3);  // ids and masks are the rest
    EXPECT_LE(fields, bytes_of(most));
}

}  // namespace
}  // namespace tickrelay::test
