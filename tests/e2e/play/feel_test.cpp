// Game feel against the real relay: what is predicted is what the logic makes of it, what is drawn moves evenly, inputs come just in
// time, and a shot is judged by what its player saw.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "schema/arena_generated.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/relay_process.h"

namespace tickrelay::test {
namespace {

constexpr const char* types = R"(
[type.walk]
schema = "arena.bfbs"
logic = "walk"
authority = "logic"
tick_rate = 20
rewind_ms = 1000
[type.served]
schema = "arena.bfbs"
authority = "server"
tick_rate = 20
)";

Bytes bytes_of(const float& step) { return {reinterpret_cast<const std::uint8_t*>(&step), sizeof step}; }

void walk(arena::Transform& at, Bytes input) {
    float step = 0;
    std::memcpy(&step, input.data(), sizeof step);
    at = arena::Transform(arena::Vec3(std::min(at.pos().x() + step, 100.F), 0, 0), 0);
}

struct Feel : testing::Test {
    void SetUp() override {
        ASSERT_TRUE(relay.ready());
        ada.join_or_create("walk", {.player_id = "ada"});
        ASSERT_TRUE(until({&ada}, [&] { return ada.joined; })) << ada.left_reason;
        bob.join_by_id(ada.room->room_id(), {.player_id = "bob"});
        ASSERT_TRUE(until({&ada, &bob}, [&] { return bob.room->state().get<arena::Transform>(ada.room->entity()) != nullptr; }));
        ada.room->predict<arena::Transform>(ada.room->entity(), walk);
        bob.room->interpolate<arena::Transform>();
    }
    // ada walks so far each tick, from now on.
    void walks(float step) {
        ada.room->on_send_tick([this, step] {
            ada.room->input(bytes_of(step));
            ++inputs;
        });
    }
    [[nodiscard]] float x_of(Guest& who) const { return who.room->state().get<arena::Transform>(ada.room->entity())->pos().x(); }

    RelayProcess relay{{.configuration = types, .arguments = {"--dev", "--logic", TICKRELAY_WALK_LOGIC}}};
    Guest ada{relay.url(), {.prompt_acks = true}}, bob{relay.url()};
    int inputs = 0;
};

TEST_F(Feel, WhatIsPredictedIsWhatTheLogicMakesOfIt) {
    walks(0.5F);
    float worst = 0;
    ASSERT_TRUE(until({&ada, &bob}, [&] {
        const auto predicted = ada.room->predicted<arena::Transform>(ada.room->entity());
        const auto drawn = ada.room->interpolated<arena::Transform>(ada.room->entity());
        const float right = 0.5F * static_cast<float>(inputs);
        worst = std::max({worst, std::abs(predicted->pos().x() - right), std::abs(drawn->pos().x() - right)});
        return inputs == 60;
    }));
    EXPECT_LT(worst, 0.01F) << "no input was done twice or left out";
    ASSERT_TRUE(until({&ada, &bob}, [&] { return x_of(bob) >= 30; }));
}

TEST_F(Feel, AWallThatThePlayerDidNotKnowPutsThePredictionRight) {
    ada.room->predict<arena::Transform>(ada.room->entity(), [](arena::Transform& at, Bytes input) {
        float step = 0;
        std::memcpy(&step, input.data(), sizeof step);
        at = arena::Transform(arena::Vec3(at.pos().x() + step, 0, 0), 0);
    });
    walks(4.F);
    ASSERT_TRUE(until({&ada, &bob}, [&] { return inputs >= 40; }));
    const auto predicted = ada.room->predicted<arena::Transform>(ada.room->entity());
    EXPECT_LT(predicted->pos().x(), 140) << "a few inputs ahead of the wall, not 60 beyond it";
    EXPECT_EQ(x_of(ada), 100);
}

TEST_F(Feel, WhatOthersDrawMovesEvenly) {
    walks(0.5F);
    ASSERT_TRUE(until({&ada, &bob}, [&] { return inputs >= 30; }));
    const double speed = 0.5 * 20;
    double last_x = -1, last_time = 0, farthest = 0;
    int steps = 0;
    ASSERT_TRUE(until({&ada, &bob}, [&] {
        const double x = bob.room->interpolated<arena::Transform>(ada.room->entity())->pos().x();
        const double time = bob.room->clock().render_now();
        if (last_x >= 0) {
            farthest = std::max(farthest, std::abs(x - last_x - speed * (time - last_time)));
            EXPECT_GE(x, last_x - 0.02) << "never back";
            ++steps;
        }
        last_x = x;
        last_time = time;
        return inputs >= 80;
    }));
    EXPECT_GT(steps, 200);
    EXPECT_LT(farthest, 0.6) << "at most a tick's way: an input that came a tick later";
}

TEST_F(Feel, InputsComeShortlyBeforeTheirTick) {
    walks(0.001F);
    ASSERT_TRUE(until({&ada, &bob}, [&] { return inputs >= 80; }));
    std::vector<std::uint32_t> early;
    std::uint32_t last = 0;
    ada.room->on_state_change([&](const State&) {
        if (ada.room->stats().early_us != last) early.push_back(last = ada.room->stats().early_us);
    });
    ASSERT_TRUE(until({&ada, &bob}, [&] { return early.size() >= 40; }));
    std::ranges::sort(early);
    EXPECT_LT(early[20], 12'000U) << "half a period, 25 ms, where nothing aligns it";
}

// Sends and polls at the same moments: what comes back waits for the next frame, each time as long.
TEST_F(Feel, AGameOfSixtyFramesKnowsTheTimeAsWellAsOneThatPollsAllTheTime) {
    using namespace std::chrono;
    auto next = steady_clock::now();
    double apart = 0;
    for (int frame = 0; frame < 240; ++frame) {
        next += microseconds(16'667);
        for (; steady_clock::now() < next; std::this_thread::sleep_for(microseconds(500))) ada.client.poll();
        bob.client.poll();
        if (frame >= 180) apart = std::max(apart, std::abs(ada.room->clock().server_now() - bob.room->clock().server_now()));
    }
    EXPECT_LT(apart, 0.002);
    EXPECT_LT(bob.room->latency(), 0.008) << "nor is the frame time taken for the way";
}

TEST_F(Feel, AShotIsJudgedByWhatItsPlayerSaw) {
    walks(1.F);
    ASSERT_TRUE(until({&ada, &bob}, [&] { return inputs >= 30; }));
    struct Shot {
        EntityId target;
        float x;
        std::uint32_t tick;
    };
    const auto shoot = [&](std::uint32_t ticks_ago) {
        const double seen_tick = bob.room->clock().render_now() * bob.room->clock().tick_rate();
        // Between two ticks it saw something between: it aims at the nearer one.
        const Shot shot{ada.room->entity(), bob.room->interpolated<arena::Transform>(ada.room->entity())->pos().x(),
                        static_cast<std::uint32_t>(std::lround(seen_tick)) - ticks_ago};
        std::string verdict;
        bob.room->request("shot", {reinterpret_cast<const std::uint8_t*>(&shot), sizeof shot}, 5,
                          [&](const Answer& answer) { verdict = answer.text(); });
        EXPECT_TRUE(until({&ada, &bob}, [&] { return !verdict.empty(); }));
        return verdict;
    };
    int hits = 0, only_then = 0;
    for (int i = 0; i < 10; ++i) {
        const std::string verdict = shoot(0);
        hits += verdict.starts_with("hit");
        only_then += verdict == "hit, not now";
    }
    EXPECT_GE(hits, 8) << "between ticks it aims at the nearer one: that may be off where two inputs came in one tick";
    EXPECT_GE(only_then, 5) << "by what is there when the shot comes it would miss";
    EXPECT_EQ(shoot(10).substr(0, 4), "miss") << "half a second before, it was elsewhere";
    EXPECT_EQ(shoot(25), "too old") << "a second is kept";
}

// A game server far away: what it makes of inputs comes ticks after the relay has passed them on.
TEST(FeelServed, WhatIsPredictedIsWhatTheAuthorityMakesOfIt) {
    RelayProcess relay{{.configuration = types, .arguments = {"--dev", "--logic", TICKRELAY_WALK_LOGIC}}};
    ASSERT_TRUE(relay.ready());
    Guest server{relay.url()}, ada{relay.url(), {.prompt_acks = true}};
    server.join_or_create("served", {.player_id = "server", .role = Role::authority});
    ASSERT_TRUE(until({&server}, [&] { return server.joined; })) << server.left_reason;
    ada.join_by_id(server.room->room_id(), {.player_id = "ada"});
    ASSERT_TRUE(until({&server, &ada}, [&] { return ada.joined; })) << ada.left_reason;
    const EntityId walker = ada.room->entity();
    (void)relay.call("player.simulate", R"({"room_id": ")" + server.room->room_id() + R"(", "player_id": "server", "delay_ms": 120, "jitter_ms": 20})");

    // It takes inputs as they come, and makes a step of them at its own times.
    std::vector<float> waiting;
    arena::Transform at{};
    server.room->on_input([&](const Message& message, std::uint32_t) {
        float step = 0;
        std::memcpy(&step, message.data.data(), sizeof step);
        waiting.push_back(step);
    });
    ASSERT_TRUE(until({&server, &ada}, [&] { return server.room->state().contains(walker); }));
    server.room->set(walker, at);
    ASSERT_TRUE(until({&server, &ada}, [&] { return ada.room->state().get<arena::Transform>(walker) != nullptr; }));
    ada.room->predict<arena::Transform>(walker, walk, {.smooth_s = 0});
    int inputs = 0;
    ada.room->on_send_tick([&] {
        const float step = 0.5F;
        ada.room->input(bytes_of(step));
        ++inputs;
    });
    float worst = 0, behind = 0;
    auto next = std::chrono::steady_clock::now();
    ASSERT_TRUE(until({&server, &ada}, [&] {
        if (std::chrono::steady_clock::now() >= next) {
            next += std::chrono::milliseconds(50);
            for (const float step : waiting) walk(at, bytes_of(step));
            waiting.clear();
            server.room->set(walker, at);
        }
        const float right = 0.5F * static_cast<float>(inputs);
        worst = std::max(worst, std::abs(ada.room->predicted<arena::Transform>(walker)->pos().x() - right));
        behind = std::max(behind, right - ada.room->state().get<arena::Transform>(walker)->pos().x());
        return inputs == 80;
    }));
    EXPECT_LT(worst, 0.01F) << "no input was done twice or left out";
    EXPECT_GT(behind, 1.4F) << "the state itself is ticks behind, or this shows nothing";
}

}  // namespace
}  // namespace tickrelay::test
