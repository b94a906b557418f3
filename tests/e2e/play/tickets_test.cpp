// The SDK with tickets and session tokens: two tabs of one player do not fight, and a token that was touched is none.

#include <gtest/gtest.h>

#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/relay_process.h"

namespace tickrelay::test {
namespace {

struct WithTickets : ::testing::Test {
    std::string ticket(const char* player, const char* more = "") {
        const std::string answer =
            relay.call("ticket.issue", std::string(R"({"room_id": "r", "player_id": ")") + player + R"(", "single_use": false)" + more + "}");
        const auto from = answer.find(R"("ticket":")") + 10;
        return answer.substr(from, answer.find('"', from) - from);
    }
    void SetUp() override {
        ASSERT_TRUE(relay.ready());
        ASSERT_NE(relay.call("room.spawn", R"({"id": "r", "type": "relay", "grace_s": 20})").find("room_id"), std::string::npos);
    }

    RelayProcess relay;
    Guest first{relay.url()}, second{relay.url()};
};

TEST_F(WithTickets, TheSecondTabReplacesTheFirstWhichStops) {
    first.enter(first.client.join_with_ticket(ticket("ada"), "r"));
    ASSERT_TRUE(until({&first}, [&] { return first.joined; })) << first.left_reason;
    const PlayerNumber number = first.room->player();
    second.enter(second.client.join_with_ticket(ticket("ada")));
    ASSERT_TRUE(until({&first, &second}, [&] { return second.joined && first.left != 0; })) << second.left_reason;
    EXPECT_EQ(first.left, close_code::replaced);
    EXPECT_EQ(first.left_reason, "replaced");
    EXPECT_EQ(second.room->player(), number) << "the same seat";
    // A fight would show: the first would come back and replace the second.
    const double resumes = relay.metric(R"(tickrelay_messages_received_total{kind="join"})");
    for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2); std::chrono::steady_clock::now() < end;)
        (void)until({&first, &second}, [&] { return second.left != 0; }, std::chrono::milliseconds(50));
    EXPECT_TRUE(second.connected());
    EXPECT_TRUE(second.drops.empty());
    EXPECT_EQ(relay.metric(R"(tickrelay_messages_received_total{kind="join"})"), resumes);
}

TEST_F(WithTickets, ATokenOfTheReplacedTabOrOneThatWasTouchedIsNone) {
    first.enter(first.client.join_with_ticket(ticket("ada"), "r"));
    ASSERT_TRUE(until({&first}, [&] { return first.joined; })) << first.left_reason;
    const std::string old = first.room->reconnection_token();
    second.enter(second.client.join_with_ticket(ticket("ada")));
    ASSERT_TRUE(until({&first, &second}, [&] { return second.joined && first.left != 0; }));
    const std::string good = second.room->reconnection_token();
    std::string touched = good;
    touched[touched.size() / 2] = touched[touched.size() / 2] == 'A' ? 'B' : 'A';
    for (const std::string& token : {old, touched, "other" + good, good.substr(0, good.size() - 4)}) {
        Guest third{relay.url()};
        third.enter(third.client.reconnect(token));
        ASSERT_TRUE(until({&third, &second}, [&] { return third.left != 0; })) << token;
        EXPECT_EQ(third.left, close_code::session_unknown) << token;
    }
    EXPECT_TRUE(second.connected());
    Guest third{relay.url()};
    third.enter(third.client.reconnect(good));
    ASSERT_TRUE(until({&third, &second}, [&] { return third.joined && second.left != 0; })) << third.left_reason;
    EXPECT_EQ(second.left, close_code::replaced);
    EXPECT_EQ(third.room->player_id(), "ada");
}

TEST_F(WithTickets, ARefusedTicketIsReportedWithItsFaultAndNotTriedAgain) {
    first.enter(first.client.join_with_ticket("eyJhbGciOiJub25lIn0.e30.", "r"));
    ASSERT_TRUE(until({&first}, [&] { return first.left != 0; }));
    EXPECT_EQ(first.left, close_code::bad_ticket);
    EXPECT_EQ(first.left_reason.rfind("bad_ticket: ticket_algorithm", 0), 0U) << first.left_reason;
    EXPECT_EQ(relay.metric(R"(tickrelay_refused_total{reason="ticket_algorithm"})"), 1);
}

}  // namespace
}  // namespace tickrelay::test
