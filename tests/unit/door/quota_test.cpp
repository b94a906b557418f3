#include "relay/door/quota.h"

#include <gtest/gtest.h>

#include "addresses.h"

namespace tickrelay {
namespace {

using test::address;
using test::nth;
using test::second;

using Verdict = Quota::Verdict;


TEST(Quota, CountsConnectionsInAllAndFromOneAddress) {
    Quota quota({.connections = 5, .per_address = 2});
    EXPECT_EQ(quota.admit(nth(1), 0), Verdict::admitted);
    EXPECT_EQ(quota.admit(nth(1), 0), Verdict::admitted);
    EXPECT_EQ(quota.admit(nth(1), 0), Verdict::address_connections);
    for (std::uint32_t n = 2; n < 5; ++n) EXPECT_EQ(quota.admit(nth(n), 0), Verdict::admitted);
    EXPECT_EQ(quota.admit(nth(9), 0), Verdict::connections);
    quota.release(nth(1), 0);
    EXPECT_EQ(quota.admit(nth(1), 0), Verdict::admitted);
}

TEST(Quota, AnIpv6CustomerIsItsSlash64) {
    Quota quota({.connections = 10, .per_address = 1});
    EXPECT_EQ(quota.admit(address("2001:db8:0:1::1"), 0), Verdict::admitted);
    EXPECT_EQ(quota.admit(address("2001:db8:0:1:ff::2"), 0), Verdict::address_connections);
    EXPECT_EQ(quota.admit(address("2001:db8:0:2::1"), 0), Verdict::admitted);
    quota.release(address("2001:db8:0:1::1"), 0);
    EXPECT_EQ(quota.admit(address("2001:db8:0:1:ff::2"), 0), Verdict::admitted);
}

TEST(Quota, BoundsHowFastConnectionsAndJoinsComeFromOneAddress) {
    Quota quota({.connections = 1'000, .per_address = 1'000, .connects_per_s = 10, .joins_per_s = 5});
    int connections = 0, joins = 0;
    for (std::int64_t at = 0; at < 10; ++at)
        for (int i = 0; i < 100; ++i) {
            connections += quota.admit(nth(1), at * second) == Verdict::admitted;
            joins += quota.may_join(nth(1), at * second);
        }
    EXPECT_NEAR(connections, 10 * 11, 2);  // nine seconds and a burst of two
    EXPECT_NEAR(joins, 5 * 11, 2);
    EXPECT_EQ(quota.admit(nth(2), 0), Verdict::admitted) << "another address is another bucket";
}

TEST(Quota, ForgetsAddressesAndKeepsWhatIsTakenUntilItIsPaid) {
    Quota quota({.connections = 100, .per_address = 1, .connects_per_s = 1});
    for (std::uint32_t n = 0; n < 200'000; ++n) {
        ASSERT_EQ(quota.admit(nth(n), 0), Verdict::admitted);
        quota.release(nth(n), 0);
    }
    EXPECT_LE(quota.known(), Quota::remembered_max + 1);
    for (int i = 0; i < 100'000; ++i) (void)quota.admit(nth(7), 60 * second);
    EXPECT_EQ(quota.known(), 1U) << "a minute later nobody but who is here";
}

TEST(Quota, NewLimitsCountFromNowOn) {
    Quota quota({.connections = 2, .per_address = 2});
    EXPECT_EQ(quota.admit(nth(1), 0), Verdict::admitted);
    EXPECT_EQ(quota.admit(nth(1), 0), Verdict::admitted);
    quota.set({.connections = 3, .per_address = 1});
    EXPECT_EQ(quota.admit(nth(1), 0), Verdict::address_connections);
    EXPECT_EQ(quota.admit(nth(2), 0), Verdict::admitted);
    EXPECT_EQ(quota.admit(nth(3), 0), Verdict::connections);
}

}  // namespace
}  // namespace tickrelay
