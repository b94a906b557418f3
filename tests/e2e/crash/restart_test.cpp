// SIGTERM: the rooms go to the next process as their players have them.

#include <csignal>

#include "tests/e2e/crash/match.h"

namespace tickrelay::test {
namespace {

class Restarted : public ::testing::TestWithParam<const char*> {
  protected:
    Match match{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(EachKind, Restarted, kinds_of_match, name_of_kind);

TEST_P(Restarted, AStopAndAStartLoseNothing) {
    ASSERT_NO_FATAL_FAILURE(match.meet());
    int at_the_tick = 0;
    for (int restart = 0; restart < 3 && !HasFailure(); ++restart) {
        match.play(std::chrono::milliseconds(400));
        EXPECT_EQ(match.relay->stop(), 0);
        const auto kept = read_kept_room(match.data_dir(), match.room_id());
        ASSERT_TRUE(kept);
        EXPECT_EQ(kept->owners, 0U) << "nobody ran on from it";
        ASSERT_NO_FATAL_FAILURE(match.start());
        ASSERT_NO_FATAL_FAILURE(match.expect_comeback(restart + 1));
        for (const auto& player : match.players) {
            EXPECT_EQ(player->guest.drops.back(), close_code::restarting);
            EXPECT_LE(player->had, kept->tick) << player->name << " has nothing that was not kept";
            at_the_tick += player->had == kept->tick;
            EXPECT_EQ(player->guest.rollbacks, 0);
        }
        EXPECT_EQ(match.relay->metric("tickrelay_resumes_total{result=\"delta\"}"), 3);
        match.expect_same_state();
        match.life = restart + 1;
    }
    EXPECT_GE(at_the_tick, 5) << "of 9; a slow machine leaves some a frame behind";
    // Everything that anybody ever said was heard by everyone, once.
    for (const auto& receiver : match.players)
        for (const auto& sender : match.players)
            for (int number = 1; number <= sender->said; ++number) {
                const std::string text = "said " + sender->name + " " + std::to_string(number);
                ASSERT_TRUE(match.until([&] { return receiver->guest.count(text) != 0; })) << receiver->name << " lacks " << text;
                EXPECT_EQ(receiver->guest.count(text), 1U) << receiver->name << ": " << text;
            }
}

}  // namespace
}  // namespace tickrelay::test
