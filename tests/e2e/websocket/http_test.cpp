#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "relay/run/http_server.h"
#include "tests/e2e/websocket/raw_client.h"
#include "tests/e2e/websocket/relay_under_test.h"

namespace tickrelay::test {
namespace {

std::string large_body() {
    std::string body;
    for (int i = 0; body.size() < 3'000'000; ++i) body += std::to_string(i) + "\n";
    return body;
}

HttpResponse answer(const HttpRequest& request) {
    if (request.path == "/healthz") return {.body = "ok\n"};
    if (request.path == "/large") return {.content_type = "application/octet-stream", .body = large_body()};
    if (request.path == "/query") return {.body = std::string(request.query)};
    if (request.path == "/empty") return {.status = 204, .body = ""};
    return {.status = 404, .body = "not found\n"};
}

struct Http : testing::Test {
    Http() {
        std::string error;
        EXPECT_TRUE(server.start("127.0.0.1:0", error)) << error;
    }
    std::string get(std::string_view path) {
        RawClient client(server.port());
        client.write("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
        return client.read_http();
    }
    HttpServer server{answer};
};

TEST_F(Http, get_is_answered_with_type_length_and_security_headers) {
    const std::string text = get("/healthz");
    EXPECT_TRUE(text.starts_with("HTTP/1.1 200 OK\r\n")) << text;
    EXPECT_TRUE(text.ends_with("\r\n\r\nok\n")) << text;
    for (const char* header :
         {"content-type: text/plain; charset=utf-8", "content-length: 3", "cache-control: no-store",
          "x-content-type-options: nosniff", "content-security-policy: default-src 'none'"}) {
        EXPECT_NE(text.find(header), std::string::npos) << header << " is not in " << text;
    }
    EXPECT_EQ(text.find("server:"), std::string::npos) << text;
}

TEST_F(Http, requests_share_a_connection) {
    RawClient client(server.port());
    for (int i = 0; i < 10; ++i) {
        client.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        ASSERT_TRUE(client.read_http().ends_with("ok\n"));
    }
    client.write("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.read_http().ends_with("ok\n"));
    EXPECT_TRUE(client.ended());
}

TEST_F(Http, head_has_the_length_and_no_body) {
    RawClient client(server.port());
    client.write("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string head = client.read_until("\r\n\r\n");
    EXPECT_NE(head.find("content-length: 3"), std::string::npos) << head;
    client.write("GET /query?a=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.read_http().starts_with("HTTP/1.1 200")) << "the body of HEAD would be here";
}

TEST_F(Http, large_bodies_arrive_whole_at_slow_readers_too) {
    const std::string body = large_body();
    RawClient fast(server.port()), slow(server.port(), "127.0.0.1", 4096);
    for (RawClient* client : {&fast, &slow}) client->write("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    for (RawClient* client : {&slow, &fast}) {
        const std::string text = client->read_http();
        EXPECT_TRUE(text.ends_with(body)) << text.size();
        client->write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_TRUE(client->read_http().ends_with("ok\n"));
    }
}

TEST_F(Http, one_who_does_not_read_does_not_hold_up_others) {
    RawClient stuck(server.port(), "127.0.0.1", 4096);
    stuck.write("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(get("/healthz").ends_with("ok\n"));
}

TEST_F(Http, query_comes_with_its_arguments) { EXPECT_TRUE(get("/query?a=1&b=x%20y").ends_with("\r\n\r\na=1&b=x y")); }
TEST_F(Http, a_query_keeps_apart_what_separates_and_what_a_value_holds) {
    EXPECT_TRUE(get("/query?a=x%26y%3D%25&b=../..//").ends_with("\r\n\r\na=x%26y=%25&b=../..//"));
}
TEST_F(Http, unknown_path_is_404) { EXPECT_TRUE(get("/../etc/passwd").starts_with("HTTP/1.1 404")); }
TEST_F(Http, empty_answer_is_complete) { EXPECT_TRUE(get("/empty").starts_with("HTTP/1.1 204")); }

TEST_F(Http, other_methods_are_405) {
    for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
        RawClient client(server.port());
        client.write(method + " /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
        const std::string text = client.read_http();
        EXPECT_TRUE(text.starts_with("HTTP/1.1 405")) << method << " " << text;
        EXPECT_NE(text.find("allow: GET, HEAD"), std::string::npos);
    }
}

HttpResponse echo(const HttpRequest& request) {
    if (!request.post) return {.body = "got\n"};
    std::string text;
    for (const auto part : {request.path, request.query, request.host, request.origin, request.content_type, request.body})
        text.append(part).append("|");
    return {.body = text};
}

struct Post : testing::Test {
    Post() {
        std::string error;
        EXPECT_TRUE(server.start("127.0.0.1:0", error)) << error;
    }
    static std::string head(std::size_t bytes) {
        return "POST /act?a=1 HTTP/1.1\r\nHost: x:1\r\nOrigin: http://x:1\r\nContent-Type: application/json\r\nContent-Length: " +
               std::to_string(bytes) + "\r\n\r\n";
    }
    HttpServer server{echo, 16};
};

TEST_F(Post, the_handler_gets_the_whole_body_and_its_headers) {
    RawClient client(server.port());
    for (int i = 0; i < 3; ++i) {
        client.write(head(8) + "{\"a\"");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        client.write(":12}");
        const std::string text = client.read_http();
        EXPECT_TRUE(text.starts_with("HTTP/1.1 200")) << text;
        EXPECT_TRUE(text.ends_with("\r\n\r\n/act|a=1|x:1|http://x:1|application/json|{\"a\":12}|")) << text;
        client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_TRUE(client.read_http().ends_with("got\n"));
    }
}

TEST_F(Post, a_body_over_the_limit_or_without_length_is_refused_before_it_is_read) {
    const std::pair<std::string, std::string> cases[] = {
        {head(17), "413"},
        {head(99'999'999), "413"},
        {"POST /act HTTP/1.1\r\nHost: x\r\n\r\n", "411"},
        {"POST /act HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "411"},
        {"POST /act HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "411"},
    };
    for (const auto& [request, status] : cases) {
        RawClient client(server.port());
        client.write(request);
        const std::string text = client.read_http();
        EXPECT_TRUE(text.starts_with("HTTP/1.1 " + status)) << request << " gave " << text;
        EXPECT_TRUE(client.ended());
    }
    RawClient half(server.port());  // its body never comes
    half.write(head(8) + "{");
    half.close();
    RawClient client(server.port());
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.read_http().ends_with("got\n"));
}

TEST_F(Http, upgrades_and_connect_are_refused) {
    RawClient upgrade(server.port());
    upgrade.write(upgrade_request());
    EXPECT_TRUE(upgrade.ended());
    RawClient connect(server.port());
    connect.write("CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(connect.ended());
}

TEST_F(Http, oversized_requests_are_closed) {
    RawClient client(server.port());
    client.write("GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.ended());
    EXPECT_TRUE(get("/healthz").ends_with("ok\n"));
}

TEST_F(Http, stop_ends_it_and_a_taken_port_is_named) {
    HttpServer other{answer};
    std::string error;
    EXPECT_FALSE(other.start("127.0.0.1:" + std::to_string(server.port()), error));
    EXPECT_NE(error.find("Another program has this port"), std::string::npos) << error;
    RawClient client(server.port());
    server.stop();
}

}  // namespace
}  // namespace tickrelay::test
