#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/e2e/websocket/raw_client.h"
#include "tests/e2e/websocket/relay_under_test.h"

namespace tickrelay::test {
namespace {

struct Closing : testing::Test {
    Closing() {
        relay.start();
        client.emplace(relay.port, "127.0.0.1", 8 * 1024);
        EXPECT_TRUE(client->upgrade());
        EXPECT_TRUE(eventually([&] { return relay.loop().opened_count == 1; }));
        socket = relay.loop().last_opened;
    }

    void expect_close_frame(int code, const std::string& reason) {
        std::optional<Frame> frame;
        while ((frame = client->read_frame()) && frame->opcode != closing) {
        }
        ASSERT_TRUE(frame);
        EXPECT_EQ(frame->close_code(), code);
        EXPECT_EQ(frame->close_text(), reason);
        EXPECT_EQ(relay.loop().closed_count, 0);  // until the peer has answered
        client->send(closing, frame->payload);
        EXPECT_TRUE(client->ended());
        EXPECT_TRUE(eventually([&] { return relay.loop().closed_count == 1; }));
    }

    RelayUnderTest relay;
    std::optional<RawClient> client;
    SocketId socket = 0;
};

TEST_F(Closing, from_a_step_sends_code_and_reason) {
    relay.loop().run([&](LwsSockets& sockets) { sockets.close(socket, CloseCode::kicked, "by an operator"); });
    expect_close_frame(4440, "kicked: by an operator");
}

TEST_F(Closing, without_detail_sends_the_label_alone) {
    relay.loop().run([&](LwsSockets& sockets) { sockets.close(socket, CloseCode::normal, ""); });
    expect_close_frame(1000, "left");
}

TEST_F(Closing, while_receiving_ends_what_is_received) {
    relay.loop().run([&](LwsSockets& sockets) {
        relay.loop().on_received = [&](SocketId id, auto) { sockets.close(id, CloseCode::rate_limit, "slow down"); };
    });
    client->write(client_frame(binary, "one") + client_frame(binary, "two"));
    expect_close_frame(4429, "rate_limit: slow down");
    EXPECT_EQ(relay.loop().received_count, 1);
}

TEST_F(Closing, reason_is_cut_at_123_bytes_between_characters) {
    std::string detail;
    for (int i = 0; i < 60; ++i) detail += "\xC3\xA4";  // "kicked: " is 8 bytes: a character straddles byte 123
    relay.loop().run([&](LwsSockets& sockets) { sockets.close(socket, CloseCode::kicked, detail); });
    expect_close_frame(4440, "kicked: " + detail.substr(0, 114));
}

TEST_F(Closing, twice_sends_the_first) {
    relay.loop().run([&](LwsSockets& sockets) {
        sockets.close(socket, CloseCode::room_closed, "");
        sockets.close(socket, CloseCode::kicked, "");
        EXPECT_EQ(send_message(sockets, socket, "late"), Sent::closed);
    });
    expect_close_frame(4410, "room_closed");
}

TEST_F(Closing, while_paused_still_reads_the_answer) {
    relay.loop().run([&](LwsSockets& sockets) { sockets.pause(socket, true); });
    client->send(binary, "unread");
    relay.loop().run([&](LwsSockets& sockets) { sockets.close(socket, CloseCode::moved, ""); });
    expect_close_frame(4001, "moved");
    EXPECT_EQ(relay.loop().received_count, 0);
}

TEST_F(Closing, while_a_frame_is_kept_sends_the_frame_and_then_the_close) {
    const std::string large(60'000, 'x');
    int written = 0;
    relay.loop().run([&](LwsSockets& sockets) {
        const int bytes = 4096;
        setsockopt(sockets.descriptor(socket), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
        Sent sent = Sent::written;
        while ((sent = send_message(sockets, socket, large)) == Sent::written) ++written;
        EXPECT_EQ(sent, Sent::kept);
        ++written;
        sockets.close(socket, CloseCode::going_away, "later");
    });
    for (int i = 0; i < written; ++i) {
        const auto frame = client->read_frame();
        ASSERT_TRUE(frame);
        EXPECT_TRUE(frame->payload == large) << i << " of " << written << ": " << frame->payload.size();
    }
    expect_close_frame(4000, "going_away: later");
}

TEST_F(Closing, of_a_peer_that_reads_nothing_ends_in_time) {
    relay.loop().run([&](LwsSockets& sockets) {
        while (send_message(sockets, socket, std::string(60'000, 'x')) == Sent::written) {
        }
        sockets.close(socket, CloseCode::kicked, "");
    });
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(eventually([&] { return relay.loop().closed_count == 1; }));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(7));
}

TEST_F(Closing, unanswered_ends_in_time) {
    relay.loop().run([&](LwsSockets& sockets) { sockets.close(socket, CloseCode::kicked, ""); });
    EXPECT_EQ(client->read_frame()->close_code(), 4440);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(client->ended());
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_GT(took, std::chrono::seconds(4));
    EXPECT_LT(took, std::chrono::seconds(7));
    EXPECT_TRUE(eventually([&] { return relay.loop().closed_count == 1; }));
}

TEST_F(Closing, by_the_peer_is_answered_and_reported_once) {
    client->send(closing, "\x03\xE8");
    EXPECT_EQ(client->read_frame()->close_code(), 1000);
    EXPECT_TRUE(client->ended());
    EXPECT_TRUE(eventually([&] { return relay.loop().closed_count == 1; }));
}

TEST_F(Closing, reset_by_the_peer_is_reported_once_and_sends_say_closed) {
    relay.loop().run([&](LwsSockets& sockets) { sockets.pause(socket, true); });
    client->reset();
    EXPECT_TRUE(eventually([&] {
        relay.loop().run([&](LwsSockets& sockets) {
            if (relay.loop().closed_count == 0) send_message(sockets, socket, "to nobody");
        });
        return relay.loop().closed_count == 1;
    }));
    EXPECT_EQ(relay.loop().closed_count, 1);
}

TEST_F(Closing, ids_are_used_again) {
    client->close();
    EXPECT_TRUE(eventually([&] { return relay.loop().closed_count == 1; }));
    RawClient next(relay.port);
    ASSERT_TRUE(next.upgrade());
    EXPECT_TRUE(eventually([&] { return relay.loop().opened_count == 2; }));
    EXPECT_EQ(relay.loop().last_opened, socket);
}

struct Silence : testing::Test {
    static SocketSettings fast() {
        SocketSettings settings;
        settings.sweep_ms = 100;
        settings.ping_after_ms = 300;
        settings.dead_after_ms = 900;
        return settings;
    }
    Silence() : relay(fast()) { relay.start(); }
    RelayUnderTest relay;
};

TEST_F(Silence, of_a_peer_that_answers_pings_is_no_reason_to_close) {
    RawClient client(relay.port);
    ASSERT_TRUE(client.upgrade());
    for (int i = 0; i < 6; ++i) {
        const auto frame = client.read_frame();
        ASSERT_TRUE(frame);
        EXPECT_EQ(frame->opcode, ping);
        client.send(pong, frame->payload);
    }
    EXPECT_EQ(relay.loop().closed_count, 0);
}

TEST_F(Silence, of_a_dead_peer_ends_its_connection) {
    RawClient client(relay.port);
    ASSERT_TRUE(client.upgrade());
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(client.ended());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
    EXPECT_TRUE(eventually([&] { return relay.loop().closed_count == 1; }));
}

TEST_F(Silence, never_falls_on_a_peer_that_talks) {
    RawClient client(relay.port);
    ASSERT_TRUE(client.upgrade());
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (std::chrono::steady_clock::now() < end) {
        client.send(binary, "hi");
        ASSERT_EQ(client.read_frame()->payload, "hi");
    }
    EXPECT_EQ(relay.loop().closed_count, 0);
}

}  // namespace
}  // namespace tickrelay::test
