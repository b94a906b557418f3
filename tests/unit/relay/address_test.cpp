#include "relay/address.h"

#include <gtest/gtest.h>

namespace tickrelay {
namespace {

PeerAddress address(std::string_view text) { return parse_cidr(text).value().base; }
std::string written(std::string_view text) {
    const auto range = parse_cidr(text);
    return range ? to_string(*range) : "none";
}

TEST(Address, ARangeReadsBackAsItIsWritten) {
    for (const std::string text : {"192.0.2.7", "10.0.0.0/8", "2001:db8::/32", "2001:db8::7", "0.0.0.0/0", "::/0"})
        EXPECT_EQ(written(text), text);
    EXPECT_EQ(written("10.1.2.3/8"), "10.0.0.0/8");
    EXPECT_EQ(written("192.0.2.7/32"), "192.0.2.7");
}

TEST(Address, WhatIsNoRangeIsNone) {
    for (const char* text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/8/8", "10.0.0.0/-1", "10.0.0.0/8 ", "game.example"})
        EXPECT_EQ(written(text), "none") << text;
}

TEST(Address, ARangeHoldsWhatSharesItsBits) {
    const auto range = parse_cidr("10.128.0.0/9").value();
    EXPECT_TRUE(range.holds(address("10.128.0.0")));
    EXPECT_TRUE(range.holds(address("10.255.255.255")));
    EXPECT_FALSE(range.holds(address("10.127.255.255")));
    EXPECT_FALSE(range.holds(address("2001:db8::1")));
    EXPECT_TRUE(parse_cidr("0.0.0.0/0")->holds(address("203.0.113.9")));
    EXPECT_FALSE(parse_cidr("0.0.0.0/0")->holds(address("2001:db8::1")));
    EXPECT_TRUE(parse_cidr("::/0")->holds(address("203.0.113.9"))) << "every address is an IPv6 one here";
    EXPECT_TRUE(parse_cidr("2001:db8::7")->holds(address("2001:db8::7")));
    EXPECT_FALSE(parse_cidr("2001:db8::7")->holds(address("2001:db8::6")));
}

TEST(Address, ACustomerIsAnIpv4AddressOrASlash64) {
    EXPECT_EQ(customer_of(address("192.0.2.7")), address("192.0.2.7"));
    EXPECT_EQ(customer_of(address("2001:db8:0:1:2:3:4:5")), customer_of(address("2001:db8:0:1:ffff::")));
    EXPECT_NE(customer_of(address("2001:db8:0:1::")), customer_of(address("2001:db8:0:2::")));
}

}  // namespace
}  // namespace tickrelay
