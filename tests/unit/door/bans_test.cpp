#include "relay/door/bans.h"

#include <gtest/gtest.h>

#include "addresses.h"

namespace tickrelay {
namespace {

using test::address;
using test::nth;
using test::second;

TEST(Bans, HoldForAPlayerInOneRoomOrInAll) {
    Bans bans;
    bans.add({.player_id = "ada", .room_id = "", .address = {}, .until_ns = 10 * second, .reason = "cheats"});
    bans.add({.player_id = "bob", .room_id = "arena", .address = {}, .until_ns = 10 * second, .reason = ""});
    EXPECT_TRUE(bans.holds("ada", "arena", 0));
    EXPECT_TRUE(bans.holds("ada", "", 0));
    EXPECT_FALSE(bans.holds("ada", "arena", 10 * second));
    EXPECT_TRUE(bans.holds("bob", "arena", 0));
    EXPECT_FALSE(bans.holds("bob", "chat", 0));
    EXPECT_FALSE(bans.holds("", "arena", 0));
    ASSERT_EQ(bans.list(9, 0).size(), 2U);
    EXPECT_EQ(bans.list(9, 0)[0].reason, "cheats");
    EXPECT_EQ(bans.list(1, 0).size(), 1U);
    EXPECT_FALSE(bans.remove({.player_id = "ada", .room_id = "arena", .address = {}, .reason = ""}, 0)) << "that is another ban";
    EXPECT_TRUE(bans.remove({.player_id = "ada", .room_id = "", .address = {}, .reason = ""}, 0));
    EXPECT_FALSE(bans.holds("ada", "arena", 0));
}

TEST(Bans, HoldForAddressesAndRanges) {
    Bans bans;
    const auto ban = [](const char* range) { return Bans::Ban{.player_id = "", .room_id = "", .address = parse_cidr(range).value(), .until_ns = second, .reason = ""}; };
    bans.add(ban("192.0.2.7"));
    bans.add(ban("10.0.0.0/8"));
    EXPECT_TRUE(bans.holds(address("192.0.2.7"), 0));
    EXPECT_FALSE(bans.holds(address("192.0.2.8"), 0));
    EXPECT_TRUE(bans.holds(address("10.200.0.1"), 0));
    EXPECT_FALSE(bans.holds(address("10.200.0.1"), second));
    EXPECT_TRUE(bans.remove(ban("10.0.0.0/8"), 0));
    EXPECT_FALSE(bans.holds(address("10.200.0.1"), 0));
    EXPECT_FALSE(bans.remove(ban("10.0.0.0/8"), 0));
}

TEST(Bans, AFullTableForgetsWhatWouldEndFirst) {
    Bans bans;
    for (std::size_t n = 0; n <= Bans::ranges_max; ++n) {
        Cidr range{nth(static_cast<std::uint32_t>(n) << 8), 120};
        bans.add({.player_id = "", .room_id = "", .address = range, .until_ns = static_cast<std::int64_t>(second + n), .reason = ""});
    }
    EXPECT_FALSE(bans.holds(nth(0), 0));
    EXPECT_TRUE(bans.holds(nth(1 << 8), 0));
    EXPECT_EQ(bans.list(10'000, 0).size(), Bans::ranges_max);
}

}  // namespace
}  // namespace tickrelay
