// RFC 6455 as we use it, wrongly spoken: what each fault costs its sender, and that it costs nobody else anything.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/e2e/websocket/raw_client.h"
#include "tests/e2e/websocket/relay_under_test.h"

namespace tickrelay::test {
namespace {

struct Conformance : testing::Test {
    Conformance() {
        relay.start();
        client.emplace(relay.port);
        EXPECT_TRUE(client->upgrade());
    }

    // With this close code, or without a close frame where it is 0.
    void expect_end(int code) {
        int told = 0;
        while (const auto frame = client->read_frame()) {
            if (frame->opcode == closing) told = frame->close_code();
            if (told != 0) break;
        }
        EXPECT_EQ(told, code);
        client->send(closing, "\x03\xE8");
        EXPECT_TRUE(client->ended());
        EXPECT_TRUE(eventually([&] { return relay.loop().closed_count == 1; }));
        EXPECT_EQ(relay.loop().received_count, 0);
        expect_served();
    }

    void expect_served() {
        RawClient other(relay.port);
        ASSERT_TRUE(other.upgrade());
        other.send(binary, "still there?");
        const auto echo = other.read_frame();
        ASSERT_TRUE(echo);
        EXPECT_EQ(echo->payload, "still there?");
    }

    void expect_echo(std::string_view payload) {
        const auto echo = client->read_frame();
        ASSERT_TRUE(echo);
        EXPECT_EQ(echo->payload, payload);
    }

    RelayUnderTest relay;
    std::optional<RawClient> client;
};

TEST_F(Conformance, a_continuation_of_nothing_ends_with_1002) {
    client->send(continuation, "x");
    expect_end(1002);
}

TEST_F(Conformance, a_message_begun_within_another_ends_with_1002) {
    client->write(client_frame(binary, "first", false) + client_frame(binary, "second"));
    expect_end(1002);
}

TEST_F(Conformance, a_control_frame_in_fragments_ends_with_1002) {
    client->write(client_frame(ping, "half", false));
    expect_end(1002);
}

TEST_F(Conformance, a_control_frame_above_125_bytes_ends_the_connection) {
    client->send(ping, std::string(126, 'p'));
    EXPECT_TRUE(client->ended());
    EXPECT_TRUE(eventually([&] { return relay.loop().closed_count == 1; }));
    expect_served();
}

TEST_F(Conformance, the_bit_of_compression_ends_with_1002) {
    std::string frame = client_frame(binary, "deflated?");
    frame[0] = static_cast<char>(0xC2);
    client->write(frame);
    expect_end(1002);
}

TEST_F(Conformance, the_bit_of_compression_in_a_later_fragment_ends_with_1002) {
    std::string frame = client_frame(continuation, "deflated?");
    frame[0] = static_cast<char>(0xC0);
    client->write(client_frame(binary, "plain", false) + frame);
    expect_end(1002);
}

TEST_F(Conformance, closes_of_every_shape_end_the_connection) {
    const std::string of_code_999("\x03\xE7", 2), of_code_1005("\x03\xED", 2), of_code_5000("\x13\x88", 2);
    int before = 0;
    for (const std::string& payload : {std::string(), std::string("\x03", 1), of_code_999, of_code_1005, of_code_5000, std::string("\x03\xE8\xC3\x28", 4),
                                       std::string("\x03\xE8", 2) + std::string(123, 'r')}) {
        RawClient other(relay.port);
        ASSERT_TRUE(other.upgrade());
        other.send(closing, payload);
        EXPECT_TRUE(other.ended());
        ++before;
        EXPECT_TRUE(eventually([&] { return relay.loop().closed_count == before; })) << payload.size();
    }
    expect_served();
}

TEST_F(Conformance, what_comes_behind_a_close_is_not_read) {
    client->write(client_frame(closing, "\x03\xE8") + client_frame(binary, "too late"));
    EXPECT_TRUE(client->ended());
    EXPECT_TRUE(eventually([&] { return relay.loop().closed_count == 1; }));
    EXPECT_EQ(relay.loop().received_count, 0);
}

TEST_F(Conformance, pongs_that_nobody_asked_for_are_ignored) {
    for (int i = 0; i < 1000; ++i) client->send(pong, "unasked");
    client->send(binary, "message");
    expect_echo("message");
}

TEST_F(Conformance, a_ping_at_any_byte_boundary_between_fragments_loses_nothing) {
    for (std::size_t cut = 0; cut <= 20; ++cut) {
        const std::string payload(20, static_cast<char>('a' + cut));
        client->write(client_frame(binary, payload.substr(0, cut), false) + client_frame(ping, "") +
                      client_frame(continuation, payload.substr(cut)));
        auto frame = client->read_frame();
        ASSERT_TRUE(frame);
        bool ponged = false;
        if (frame->opcode == pong) {
            ponged = true;
            frame = client->read_frame();
            ASSERT_TRUE(frame);
        }
        EXPECT_EQ(frame->payload, payload);
        if (!ponged) {
            EXPECT_EQ(client->read_frame()->opcode, pong);
        }
    }
}

std::size_t resident_bytes() {
    std::size_t pages = 0;
    std::ifstream statm("/proc/self/statm");
    statm >> pages >> pages;
    return pages * 4096;
}

TEST_F(Conformance, a_flood_of_pings_from_one_who_does_not_read_costs_no_memory_and_nobody_else) {
    std::string pings;
    for (int i = 0; i < 500; ++i) pings += client_frame(ping, std::string(125, 'p'));
    const std::size_t before = resident_bytes();
    for (int i = 0; i < 300; ++i) {  // 20 MB
        if (!client->write(pings)) break;  // closed, or its own window is full: both are fine
        if (i % 60 == 0) expect_served();
    }
    expect_served();
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    EXPECT_LT(resident_bytes(), before + (8 << 20));
#else
    static_cast<void>(before);
#endif
}

TEST_F(Conformance, a_thousand_closes_at_once_are_each_reported_once) {
    std::vector<RawClient> many;
    for (int i = 0; i < 1000; ++i) {
        many.emplace_back(relay.port);
        ASSERT_TRUE(many.back().upgrade());
    }
    int kind = 0;
    for (RawClient& each : many) {
        switch (kind++ % 3) {
            case 0: each.send(closing, "\x03\xE8"); break;
            case 1: each.reset(); break;
            default: each.close();
        }
    }
    EXPECT_TRUE(eventually([&] { return relay.loop().closed_count == 1000; }));
    client->send(binary, "message");
    expect_echo("message");
    EXPECT_EQ(relay.loop().closed_count, 1000);
}

}  // namespace
}  // namespace tickrelay::test
