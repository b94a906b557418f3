#include "relay/door/session_token.h"

#include <gtest/gtest.h>

#include "relay/core/limits.h"
#include "signed_text.h"

namespace tickrelay {
namespace {

Seat seat() {
    Seat seat;
    seat.number = 70'000;
    seat.role = wire::Role::Spectator;
    seat.session = "0123456789abcdef";
    seat.player_id = "ada";
    seat.options = R"({"hat":1})";
    return seat;
}

TEST(SessionTokens, SayWhatMakesTheirSeatAgain) {
    SessionTokens tokens(test::key_of(test::secret));
    const std::string token = tokens.make("room", 3, seat());
    EXPECT_LT(token.size(), 100U);
    EXPECT_EQ(token.find(':'), std::string::npos) << "the SDKs' reconnection tokens are room:session";
    const auto claims = tokens.read("room", token);
    ASSERT_TRUE(claims);
    EXPECT_EQ(claims->term, 3U);
    EXPECT_EQ(claims->number, 70'000U);
    EXPECT_EQ(claims->role, wire::Role::Spectator);
    EXPECT_EQ(claims->session, "0123456789abcdef");
    EXPECT_EQ(claims->player_id, "ada");
    EXPECT_EQ(claims->options, R"({"hat":1})");
    EXPECT_TRUE(SessionTokens(test::key_of(test::secret)).read("room", token)) << "another relay with the same key";
}

TEST(SessionTokens, LeaveLargeOptionsOutAndFitTheirLimit) {
    SessionTokens tokens(test::key_of(test::secret));
    Seat large = seat();
    large.options = std::string(limits::session_options_max, 'o');
    large.player_id = large.session = std::string(limits::name_bytes_max, 'p');
    const std::string token = tokens.make(std::string(limits::name_bytes_max, 'r'), ~0U, large);
    EXPECT_LE(token.size(), limits::session_bytes_max);
    EXPECT_EQ(tokens.read(std::string(limits::name_bytes_max, 'r'), token)->options, large.options);
    large.options += 'o';
    EXPECT_EQ(tokens.read("room", tokens.make("room", 1, large))->options, "");
}

TEST(SessionTokens, OfAnotherRoomOrKeyOrChangedAreNone) {
    SessionTokens tokens(test::key_of(test::secret));
    const std::string token = tokens.make("room", 3, seat());
    EXPECT_FALSE(tokens.read("moor", token));
    EXPECT_FALSE(tokens.read("", token));
    EXPECT_FALSE(SessionTokens(test::key_of(test::other_secret)).read("room", token));
    for (std::size_t i = 0; i + 1 < token.size(); ++i) {  // the last letter has bits that mean nothing
        std::string changed = token;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(tokens.read("room", changed)) << i;
    }
    for (std::size_t bytes = 0; bytes < token.size(); ++bytes) EXPECT_FALSE(tokens.read("room", token.substr(0, bytes))) << bytes;
    for (const std::string& text : {std::string(), token + "AAAA", token + token, std::string(2000, 'A'), std::string("\0\xff", 2)})
        EXPECT_FALSE(tokens.read("room", text));
}

}  // namespace
}  // namespace tickrelay
