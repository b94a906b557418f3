#include "relay/door/ticket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "relay/door/base64.h"

namespace tickrelay {
namespace {

Ticket seat(std::int64_t expires_ms) { return {"room", "ada", wire::Role::Player, expires_ms}; }

TEST(Tickets, AreGoodOnceForTheirRoomUntilTheyExpire) {
    Tickets tickets(fill_random);
    const std::string text = tickets.issue(seat(1'000), 0);
    EXPECT_EQ(text.size(), 24U);
    EXPECT_FALSE(tickets.spend(text, "other", 10)) << "another room does not spend it";
    const auto spent = tickets.spend(text, "room", 999);
    ASSERT_TRUE(spent);
    EXPECT_EQ(spent->player_id, "ada");
    EXPECT_FALSE(tickets.spend(text, "room", 999)) << "once";
    const std::string late = tickets.issue(seat(1'000), 0);
    EXPECT_FALSE(tickets.spend(late, "room", 1'000));
    EXPECT_FALSE(tickets.spend("", "room", 0));
    EXPECT_EQ(tickets.unspent(), 0U);
}

TEST(Tickets, AreBoundedAndForgetTheExpired) {
    Tickets tickets(fill_random, 2);
    tickets.issue(seat(10), 0);
    tickets.issue(seat(1'000), 0);
    EXPECT_EQ(tickets.issue(seat(1'000), 5), "");
    EXPECT_NE(tickets.issue(seat(1'000), 10), "") << "one has expired by now";
}

TEST(Tickets, AreAllDifferent) {
    Tickets tickets(fill_random);
    std::set<std::string> seen;
    for (int i = 0; i < 1'000; ++i) seen.insert(tickets.issue(seat(1), 0));
    EXPECT_EQ(seen.size(), 1'000U);
}

TEST(Base64, ComesBackForEveryLength) {
    std::string bytes;
    for (int length = 0; length < 70; ++length) {
        EXPECT_EQ(decode_base64(encode_base64(bytes_of(bytes))), bytes);
        EXPECT_EQ(decode_base64(encode_base64url(bytes_of(bytes))), bytes);
        bytes += static_cast<char>(length * 37);
    }
    EXPECT_EQ(encode_base64(bytes_of("fo")), "Zm8=");
    EXPECT_EQ(encode_base64url(bytes_of("\xff\xef")), "_-8");
    for (const auto* bad : {"A", "AA=A", "A A=", "=", "AA\n", "====", "ä"}) EXPECT_FALSE(decode_base64(bad)) << bad;
}

}  // namespace
}  // namespace tickrelay
