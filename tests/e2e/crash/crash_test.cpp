// kill -9 at any moment: the rooms are back at most an interval old, players by themselves, and nobody keeps a value of what was lost.
// TICKRELAY_KILLS=200 kills so often, over all kinds of rooms together.

#include <cstdlib>

#include "tests/e2e/crash/match.h"

namespace tickrelay::test {
namespace {

constexpr int kinds = 4;

int kills_per_kind() {
    const char* text = std::getenv("TICKRELAY_KILLS");
    return (std::max(text == nullptr ? 10 : std::atoi(text), 1) + kinds - 1) / kinds;
}

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

class Crash : public ::testing::TestWithParam<const char*> {
  protected:
    // Whoever was ahead of the checkpoint is told so, and nobody else.
    void expect_told(const KeptRoom& kept, const std::vector<int>& rollbacks_before, std::uint32_t term_that_died) {
        for (std::size_t i = 0; i < match.players.size(); ++i) {
            const MatchPlayer& player = *match.players[i];
            const bool told = player.guest.rollbacks > rollbacks_before[i];
            const bool ahead = player.had > kept.tick;
            ahead_ += ahead;
            // Of a term that left no checkpoint nothing is known: whoever was in it begins anew, whatever it had.
            if (!ahead && kept.term != term_that_died) continue;
            EXPECT_EQ(told, ahead) << player.name << " had tick " << player.had << ", the checkpoint is of tick " << kept.tick;
        }
    }
    std::uint32_t term() {
        const auto info = nlohmann::json::parse(match.relay->call("room.info", R"({"room_id":")" + match.room_id() + "\"}"));
        return info["result"]["term"].get<std::uint32_t>();
    }

    Match match{GetParam()};
    int ahead_ = 0;
    std::int64_t oldest_ms_ = 0;
};
INSTANTIATE_TEST_SUITE_P(EachKind, Crash, kinds_of_match, name_of_kind);

TEST_P(Crash, AKillAtAnyMomentLosesAtMostAnIntervalAndLeavesNoWrongState) {
    ASSERT_NO_FATAL_FAILURE(match.meet());
    ASSERT_TRUE(match.until([&] { return match.relay->metric("tickrelay_store_commits_total") >= 2 && match.relay->metric("tickrelay_checkpoints_total") >= 1; }));
    match.play(std::chrono::milliseconds(700));
    std::mt19937 random(std::random_device{}());
    std::uint32_t first_term = term(), last_term = first_term;
    for (int kill = 0; kill < kills_per_kind() && !HasFailure(); ++kill) {
        match.play(std::chrono::milliseconds(kill % 3 == 2 ? 5'300 : random() % 1'500));  // 5 s end the SDK's back-off
        std::vector<int> rollbacks;
        for (const auto& player : match.players) rollbacks.push_back(player->guest.rollbacks);
        const std::int64_t killed_ms = now_ms();
        match.relay->kill_it();
        const auto kept = read_kept_room(match.data_dir(), match.room_id());
        ASSERT_TRUE(kept) << "the room is gone";
        EXPECT_EQ(kept->players, (std::set<std::string>{"ada", "bob", "cyd"}));
        if (kept->term == last_term) oldest_ms_ = std::max(oldest_ms_, killed_ms - kept->made_ms);
        ASSERT_NO_FATAL_FAILURE(match.start());
        ASSERT_NO_FATAL_FAILURE(match.expect_comeback(kill + 1));
        expect_told(*kept, rollbacks, last_term);
        const std::uint32_t now = term();
        EXPECT_GT(now, last_term) << "a term is given twice";
        last_term = now;
        match.expect_same_state();
        match.expect_messages_once(kept->said, static_cast<std::size_t>(kill));
        match.life = kill + 1;
    }
    std::printf("%s: %d kills, %d times a player was ahead of the checkpoint; the oldest checkpoint was %lld ms old (interval 500 ms)\n", GetParam(),
                kills_per_kind(), ahead_, static_cast<long long>(oldest_ms_));
    EXPECT_GT(ahead_, 0);
    EXPECT_LT(oldest_ms_, 500 + 2'000) << "an interval, and what a busy machine adds";
}

}  // namespace
}  // namespace tickrelay::test
