#include "relay/run/join_pace.h"

#include <gtest/gtest.h>

#include <vector>

#include "one_relay.h"

namespace tickrelay {
namespace {

using test::ms;

TEST(Bucket, LetsThroughWhatItsRateAllowsAndABurst) {
    Bucket bucket;
    constexpr std::int64_t start = 77 * ms;
    int taken = 0;
    for (std::int64_t now = start; now < start + 10'000 * ms; now += ms)
        for (int i = 0; i < 10; ++i)
            if (bucket.ahead_ns(now) <= burst_ns) bucket.take(now, cost_ns(100)), ++taken;
    EXPECT_NEAR(taken, 100 * (10 + 2), 2);
    EXPECT_EQ(bucket.ahead_ns(start + 3'600'000 * ms), 0) << "what was not used long ago is no credit";
}

TEST(JoinPace, StaysWithinItsBoundsWhateverWasMeasured) {
    EXPECT_EQ(JoinPace::cost_ns(0, 1), 250'000);
    EXPECT_EQ(JoinPace::cost_ns(160'000, 1), 400'000);
    EXPECT_EQ(JoinPace::cost_ns(1'000 * ms, 1), 500'000);
    EXPECT_EQ(JoinPace::cost_ns(160'000, 4), 1'600'000) << "four loops share one rate";
}

// Ten thousand who ask within a second and come when they are told to are all in after ten, and never more than the rate.
TEST(JoinPace, BringsTenThousandBackWithinTenSeconds) {
    JoinPace pace;
    pace.set_cost(JoinPace::cost_ns(1'000 * ms, 1));  // the slowest
    std::vector<int> asks(12'000);                    // by ms
    for (int i = 0; i < 10'000; ++i) ++asks[static_cast<std::size_t>(i / 10)];
    int back = 0, refused = 0;
    for (std::size_t at = 0; at < asks.size(); ++at) {
        const auto now = static_cast<std::int64_t>(at) * ms;
        int in_this_ms = 0;
        for (int i = 0; i < asks[at]; ++i) {
            if (pace.take(now)) {
                ++back, ++in_this_ms;
                continue;
            }
            ++refused;
            const std::uint32_t slot = pace.slot_ms(0, now);
            ASSERT_LE(slot, 10'000U);
            if (at + slot < asks.size()) ++asks[at + slot];
        }
        EXPECT_LE(in_this_ms, 123) << "of a rate of 2 a ms and 60 ms together";
        if (at == 10'000) {
            EXPECT_EQ(back, 10'000);
        }
    }
    EXPECT_EQ(back, 10'000);
    EXPECT_LT(refused, 12'000) << "nearly everyone finds the door open at its slot";
}

TEST(JoinPace, SlotsOfManyAreSpreadAndNeverBeyondTenSeconds) {
    JoinPace pace;
    pace.set_cost(1 * ms);
    for (int i = 0; i < 50'000; ++i) EXPECT_LE(pace.slot_ms(0, 0), 10'000U);
}

TEST(JoinPace, ConnectionsThatAreClosedTogetherComeBackApart) {
    std::vector<int> in_each(82);
    for (std::uint32_t n = 0; n < 10'000; ++n) ++in_each[return_slot_ms(n, 10'000) / 100];
    for (std::size_t i = 2; i < 52; ++i) EXPECT_NEAR(in_each[i], 200, 5) << i;
    EXPECT_LT(return_slot_ms(1, 3), 1'200U) << "few need not wait long";
}

}  // namespace
}  // namespace tickrelay
