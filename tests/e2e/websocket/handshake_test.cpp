#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "tests/e2e/websocket/raw_client.h"
#include "tests/e2e/websocket/relay_under_test.h"

namespace tickrelay::test {
namespace {

// A request that is right but for what it wants to upgrade to.
std::string upgrade_to(const std::string& what, const std::string& more) {
    std::string request = upgrade_request();
    request.replace(request.find("websocket\r\n"), 11, what + "\r\n");
    return request.insert(request.size() - 2, more);
}

class Handshake : public testing::Test {
  protected:
    Handshake() { relay.start(); }

    // The answer to one request on a connection that must then end.
    std::string refused(std::string_view request) {
        RawClient client(relay.port);
        EXPECT_TRUE(client.write(request));
        std::string answer = client.read_until("\r\n\r\n");
        EXPECT_TRUE(client.ended());
        EXPECT_EQ(relay.loop().opened_count, 0);
        return answer;
    }

    RelayUnderTest relay;
};

TEST_F(Handshake, right_one_is_answered_with_accept_and_subprotocol) {
    RawClient client(relay.port);
    client.write(upgrade_request());
    const std::string answer = client.read_until("\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 101")) << answer;
    EXPECT_NE(answer.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos) << answer;
    EXPECT_NE(answer.find("Sec-WebSocket-Protocol: tickrelay.v1"), std::string::npos) << answer;
    client.send(binary, "hello");
    const auto echo = client.read_frame();
    ASSERT_TRUE(echo);
    EXPECT_EQ(echo->payload, "hello");
}

TEST_F(Handshake, finds_its_subprotocol_in_a_list) {
    RawClient client(relay.port);
    client.write(upgrade_request("/v1", "other.v9, tickrelay.v1"));
    EXPECT_NE(client.read_until("\r\n\r\n").find("Sec-WebSocket-Protocol: tickrelay.v1"), std::string::npos);
}

TEST_F(Handshake, message_right_behind_it_is_received) {
    RawClient client(relay.port);
    client.write(upgrade_request() + client_frame(binary, "early"));
    EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 101"));
    const auto echo = client.read_frame();
    ASSERT_TRUE(echo);
    EXPECT_EQ(echo->payload, "early");
}

TEST_F(Handshake, no_extension_is_agreed_to) {
    RawClient client(relay.port);
    std::string request = upgrade_request();
    request.insert(request.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    client.write(request);
    const std::string answer = client.read_until("\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 101"));
    EXPECT_EQ(answer.find("deflate"), std::string::npos) << answer;
}

TEST_F(Handshake, missing_subprotocol_is_400) {
    EXPECT_TRUE(refused(upgrade_request("/v1", "")).starts_with("HTTP/1.1 400"));
}
TEST_F(Handshake, unknown_subprotocol_is_400) {
    EXPECT_TRUE(refused(upgrade_request("/v1", "tickrelay.v2")).starts_with("HTTP/1.1 400"));
}
TEST_F(Handshake, name_of_the_protocol_before_an_upgrade_is_400) {
    EXPECT_TRUE(refused(upgrade_request("/v1", "no subprotocol")).starts_with("HTTP/1.1 400"));
}
TEST_F(Handshake, wrong_path_is_404) { EXPECT_TRUE(refused(upgrade_request("/")).starts_with("HTTP/1.1 404")); }
TEST_F(Handshake, version_8_is_426) {
    EXPECT_TRUE(refused(upgrade_request("/v1", "tickrelay.v1", "8")).starts_with("HTTP/1.1 426"));
}
TEST_F(Handshake, without_a_version_is_426) {
    EXPECT_TRUE(refused(upgrade_request("/v1", "tickrelay.v1", "")).starts_with("HTTP/1.1 426"));
}
TEST_F(Handshake, h2c_is_refused) { EXPECT_EQ(refused(upgrade_to("h2c", "HTTP2-Settings: AAMAAABkAAQAAP__\r\n")), ""); }
TEST_F(Handshake, http2_preface_is_refused) { refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); }
TEST_F(Handshake, connect_is_refused) { refused("CONNECT relay:80 HTTP/1.1\r\nHost: relay\r\n\r\n"); }
TEST_F(Handshake, without_a_key_is_refused) {
    std::string request = upgrade_request();
    request.replace(request.find("Sec-WebSocket-Key"), std::string("Sec-WebSocket-Key").size(), "X-Not-The-Header1");
    refused(request);
}

// CVE-2025-11677: libwebsockets 4.1.6 reads freed memory here unless guarded. Run under valgrind to see it.
TEST_F(Handshake, unknown_upgrade_after_a_keep_alive_request_is_refused) {
    RawClient client(relay.port);
    client.write("GET /none HTTP/1.1\r\nHost: relay\r\n\r\n");
    EXPECT_TRUE(client.read_http().starts_with("HTTP/1.1 404"));
    client.write(upgrade_to("foo", ""));
    EXPECT_TRUE(client.ended());
}

TEST_F(Handshake, upgrade_after_a_keep_alive_request_succeeds) {
    RawClient client(relay.port);
    client.write("GET /none HTTP/1.1\r\nHost: relay\r\n\r\n");
    EXPECT_TRUE(client.read_http().starts_with("HTTP/1.1 404"));
    EXPECT_TRUE(client.upgrade());
}

TEST_F(Handshake, half_ones_are_closed_in_time_and_others_served_meanwhile) {
    const auto begin = std::chrono::steady_clock::now();
    RawClient silent(relay.port), half(relay.port), good(relay.port);
    half.write("GET /v1 HTTP/1.1\r\nHost: rel");
    EXPECT_TRUE(good.upgrade());
    EXPECT_TRUE(silent.ended());
    EXPECT_TRUE(half.ended());
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_GT(took, std::chrono::seconds(4));
    EXPECT_LT(took, std::chrono::seconds(8));
    good.send(binary, "still here");
    EXPECT_TRUE(good.read_frame());
}

TEST(HalfHandshakes, end_with_the_oldest_when_many_younger_ones_came) {
    SocketSettings settings;
    settings.newer_handshakes_max = 4;
    settings.handshake_timeout_s = 60;
    std::atomic<int> refused{0};
    settings.refused = [&](const PeerAddress&, BadHandshake) { ++refused; };
    RelayUnderTest relay(settings);
    relay.start();
    RawClient good(relay.port), oldest(relay.port), half(relay.port);
    EXPECT_TRUE(good.upgrade());
    half.write("GET /v1 HTTP/1.1\r\nHost: rel");
    std::vector<std::unique_ptr<RawClient>> younger;
    for (int i = 0; i < 4; ++i) younger.push_back(std::make_unique<RawClient>(relay.port));
    EXPECT_TRUE(oldest.ended());
    EXPECT_TRUE(half.ended());
    EXPECT_TRUE(eventually([&] { return refused == 2; })) << refused;
    good.send(binary, "still here");
    EXPECT_TRUE(good.read_frame());
    for (auto& client : younger) EXPECT_TRUE(client->upgrade());
}

TEST_F(Handshake, header_beyond_the_limit_is_closed) {
    RawClient client(relay.port);
    std::string request = upgrade_request();
    request.insert(request.size() - 2, "Cookie: " + std::string(8000, 'c') + "\r\n");
    client.write(request);
    EXPECT_TRUE(client.ended());
}

TEST(PlayersPort, serves_what_its_handler_knows) {
    SocketSettings settings;
    settings.http = [](const HttpRequest& request) {
        return HttpResponse{.body = std::string(request.path) + "?" + std::string(request.query)};
    };
    RelayUnderTest relay(settings);
    relay.start();
    RawClient client(relay.port);
    client.write("GET /demo?a=1&b=2 HTTP/1.1\r\nHost: relay\r\n\r\n");
    const std::string answer = client.read_http();
    EXPECT_TRUE(answer.ends_with("/demo?a=1&b=2")) << answer;
    EXPECT_TRUE(client.upgrade());
}

TEST(Released, comes_once_for_each_connection_however_it_ended) {
    SocketSettings settings;
    std::atomic<int> released{0};
    settings.released = [&](const PeerAddress& peer) { released += to_string(peer) == "127.0.0.1" ? 1 : 100; };
    RelayUnderTest relay(settings);
    relay.start();
    {
        RawClient upgraded(relay.port), reset(relay.port), refused(relay.port), silent(relay.port);
        EXPECT_TRUE(upgraded.upgrade());
        EXPECT_TRUE(reset.upgrade());
        reset.reset();
        refused.write(upgrade_request("/nowhere"));
        EXPECT_TRUE(refused.ended());
    }
    EXPECT_TRUE(eventually([&] { return released == 4; })) << released;
    EXPECT_TRUE(eventually([&] { return relay.loop().closed_count == 2; }));
}

}  // namespace
}  // namespace tickrelay::test
