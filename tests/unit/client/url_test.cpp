#include "url.h"

#include <gtest/gtest.h>

namespace tickrelay {
inline namespace sdk {
namespace {

Url parsed(std::string_view text) {
  std::string error;
  const auto url = parse_url(text, error);
  EXPECT_TRUE(url) << error;
  return url.value_or(Url{});
}

TEST(ParseUrl, PortAndPathHaveDefaults) {
  EXPECT_EQ(parsed("ws://localhost:8350").port, 8350);
  EXPECT_EQ(parsed("ws://localhost:8350").path, "/v1");
  EXPECT_EQ(parsed("ws://localhost").port, 80);
  EXPECT_EQ(parsed("wss://play.example").port, 443);
  EXPECT_TRUE(parsed("wss://play.example").tls);
}

TEST(ParseUrl, APathOfABalancerIsKept) {
  EXPECT_EQ(parsed("wss://play.example/n/3/v1").path, "/n/3/v1");
  EXPECT_EQ(parsed("wss://play.example/n/3/").path, "/n/3/v1");
}

TEST(ParseUrl, AddressesOfBothKinds) {
  EXPECT_EQ(parsed("ws://[::1]:8350").host, "::1");
  EXPECT_EQ(parsed("ws://[::1]:8350").authority(), "[::1]:8350");
  EXPECT_EQ(parsed("ws://127.0.0.1:8350").authority(), "127.0.0.1:8350");
}

TEST(ParseUrl, BadOnesAreNamed) {
  for (const char* bad : {"", "http://x", "ws://", "ws://x:0", "ws://x:70000", "ws://x:80a", "ws://[::1", "ws://x?y",
                          "ws://x/v1?y", "ws://a@b"}) {
    std::string error;
    EXPECT_FALSE(parse_url(bad, error)) << bad;
    EXPECT_NE(error.find("bad URL"), std::string::npos);
  }
}

}  // namespace
}  // namespace sdk
}  // namespace tickrelay
