#include "relay/door/access.h"

#include <gtest/gtest.h>

#include "addresses.h"

namespace tickrelay {
namespace {

using test::address;

TEST(Access, KnowsItsBalancers) {
    Access access;
    EXPECT_FALSE(access.is_balancer(address("10.0.0.1")));
    access.set({}, false, {"10.0.0.0/8", "2001:db8::7"});
    EXPECT_TRUE(access.is_balancer(address("10.9.9.9")));
    EXPECT_TRUE(access.is_balancer(address("2001:db8::7")));
    EXPECT_FALSE(access.is_balancer(address("192.0.2.1")));
}

}  // namespace
}  // namespace tickrelay
