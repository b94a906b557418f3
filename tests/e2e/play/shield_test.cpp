// A player with a loss shield, on real sockets: what one of its connections holds up, the other brings.

#include <gtest/gtest.h>

#include "tests/e2e/play/arena.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/pipe.h"
#include "tests/e2e/play/relay_process.h"

namespace tickrelay::test {
namespace {

constexpr int first = 0, shield = 1;  // of the pipe's connections

// Ada plays through the pipe, bob beside it.
class Shield : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        ASSERT_TRUE(relay.ready());
        bob.join_or_create(GetParam(), {.player_id = "bob"});
        ASSERT_TRUE(until({&bob}, [&] { return bob.joined; })) << bob.left_reason;
        ada.join_by_id(bob.room->room_id(), {.player_id = "ada"});
        ASSERT_TRUE(both([&] { return ada.joined; })) << ada.left_reason;
        ship = bob.room->spawn(placed(0));
        ada.room->spawn(placed(1));  // where views are by place she sees from there
        ASSERT_TRUE(both([&] { return ada.room->state().contains(ship) && copies() > 0; })) << ada.left_reason;
    }
    bool both(const std::function<bool()>& condition) { return until({&ada, &bob}, condition); }
    [[nodiscard]] std::uint64_t copies() const { return ada.room->stats().copies; }
    [[nodiscard]] bool ada_sees(float x) const {
        const auto* transform = ada.room->state().get<arena::Transform>(ship);
        return transform != nullptr && transform->pos().x() == x;
    }
    void fly(int from, int to) {
        for (int x = from; x < to; ++x) {
            bob.room->set(ship, placed(static_cast<float>(x)));
            ASSERT_TRUE(both([&] { return ada_sees(static_cast<float>(x)); })) << x;
        }
    }

    RelayProcess relay{{.configuration = both_codecs() + arena_type("views", "view_radius = 1000\n"), .arguments = {"--dev", "--loops", "2"}}};
    Pipe pipe{{.to = relay.port()}};
    Guest ada{pipe.url(), {.loss_shield = true}}, bob{relay.url()};
    EntityId ship = 0;
};

TEST_P(Shield, StateAndMessagesToAllGoOnWhileTheFirstConnectionStands) {
    const std::uint64_t before = ada.room->stats().shielded;
    pipe.stall_down_of(first);
    ASSERT_NO_FATAL_FAILURE(fly(1, 15));  // all of it within the 5 s after which a silent connection is given up
    bob.room->send("to all", "1", To::all());
    ASSERT_TRUE(both([&] { return ada.count("to all 1") == 1; }));
    bob.room->send("to her", "2", To(ada.room->player()));
    const EntityId own = ada.room->spawn(placed(7));
    ASSERT_TRUE(both([&] { return bob.room->state().contains(own); })) << "what she does goes up";
    ASSERT_NO_FATAL_FAILURE(fly(15, 20));
    EXPECT_EQ(ada.count("to her 2"), 0U) << "direct messages come on the first connection alone";
    EXPECT_GE(ada.room->stats().shielded - before, 19U);

    pipe.stall_down_of(-1);
    ASSERT_TRUE(both([&] { return ada.count("to her 2") == 1; }));
    ASSERT_NO_FATAL_FAILURE(fly(20, 30));
    EXPECT_EQ(ada.count("to all 1"), 1U);
    EXPECT_EQ(ada.count("to her 2"), 1U);
    EXPECT_TRUE(ada.drops.empty());
    EXPECT_TRUE(ada.errors.empty());
    EXPECT_EQ(ada.room->stats().resyncs, 0U);
}

TEST_P(Shield, AStalledShieldHoldsNobodyUp) {
    pipe.stall_down_of(shield);
    ASSERT_NO_FATAL_FAILURE(fly(1, 20));
    pipe.stall_down_of(-1);
    const std::uint64_t before = copies();
    ASSERT_TRUE(both([&] { return copies() > before + 30; })) << "the old ones come, and are discarded";
    ASSERT_NO_FATAL_FAILURE(fly(20, 30));
    EXPECT_TRUE(ada.drops.empty());
    EXPECT_EQ(ada.room->stats().resyncs, 0U);
}

TEST_P(Shield, ALostShieldComesBackAndIsNotTheLossOfThePlayer) {
    pipe.cut_of(shield);
    ASSERT_TRUE(both([&] { return relay.metric("tickrelay_shields") == 0; }));
    ASSERT_NO_FATAL_FAILURE(fly(1, 10));
    const std::uint64_t before = copies();
    ASSERT_TRUE(both([&] { return copies() > before; }));
    EXPECT_EQ(relay.metric("tickrelay_shields"), 1);
    EXPECT_EQ(relay.metric("tickrelay_players"), 2);
    EXPECT_TRUE(ada.drops.empty());
    EXPECT_EQ(bob.went.size(), 0U);
}

TEST_P(Shield, ItEndsWithItsFirstConnectionAndIsRaisedAnewAfterTheReturn) {
    pipe.cut_of(first);
    ASSERT_TRUE(both([&] { return ada.returns == 1; }));
    const std::uint64_t before = copies();
    ASSERT_TRUE(both([&] { return copies() > before; }));
    ASSERT_NO_FATAL_FAILURE(fly(1, 10));
    EXPECT_TRUE(eventually([&] { return relay.metric("tickrelay_shields") == 1 && relay.metric("tickrelay_connections") == 3; }));
    ada.room->leave();
    ASSERT_TRUE(both([&] { return ada.left != 0; }));
    EXPECT_TRUE(eventually([&] { return relay.metric("tickrelay_shields") == 0 && relay.metric("tickrelay_connections") == 1; }));
    EXPECT_GT(relay.metric("tickrelay_frames_sent_total{kind=\"shield\"}"), 0);
}

INSTANTIATE_TEST_SUITE_P(Room, Shield, ::testing::Values("packed", "plain", "views"), [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace tickrelay::test
