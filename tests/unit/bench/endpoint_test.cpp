#include "bench/net/endpoint.h"

#include <gtest/gtest.h>

namespace tickrelay::bench {
namespace {

TEST(Endpoint, takes_urls_and_plain_addresses) {
  for (const char* url : {"ws://127.0.0.1:8350", "ws://127.0.0.1:8350/", "http://127.0.0.1:8350", "127.0.0.1:8350"}) {
    const auto endpoint = resolve(url, "/v1");
    ASSERT_TRUE(endpoint) << url;
    EXPECT_EQ(endpoint->host, "127.0.0.1:8350");
    EXPECT_EQ(endpoint->path, "/v1");
  }
}

TEST(Endpoint, keeps_a_path_and_the_brackets_of_ipv6) {
  const auto endpoint = resolve("ws://[::1]:8350/n/one/v1", "/v1");
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->host, "[::1]:8350");
  EXPECT_EQ(endpoint->path, "/n/one/v1");
  EXPECT_EQ(endpoint->address.ss_family, AF_INET6);
}

TEST(Endpoint, knows_what_is_over_tls_and_whose_certificate_it_needs) {
  for (const char* url : {"wss://[::1]:8350", "https://[::1]:8350"}) {
    const auto endpoint = resolve(url, "/v1");
    ASSERT_TRUE(endpoint) << url;
    EXPECT_TRUE(endpoint->secure);
    EXPECT_EQ(endpoint->name, "::1");
  }
  EXPECT_FALSE(resolve("ws://[::1]:8350", "/v1")->secure);
}

TEST(Endpoint, refuses_what_has_no_port_or_another_scheme) {
  for (const char* url : {"", "8350", ":8350", "ws://host", "wss://host", "ftp://127.0.0.1:21"}) {
    EXPECT_FALSE(resolve(url, "/v1")) << url;
  }
}

}  // namespace
}  // namespace tickrelay::bench
