#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <random>

#include "tests/e2e/websocket/raw_client.h"
#include "tests/e2e/websocket/relay_under_test.h"

namespace tickrelay::test {
namespace {

// Sends numbered messages as fast as the socket takes them, in two spans of random lengths.
struct Sender {
    RelayUnderTest relay;
    SocketId socket = 0;
    bool begun = false;
    int next = 0, count = 0;
    std::atomic<int> kept{0}, refused{0};
    std::minstd_rand random{7};

    explicit Sender(int messages) : count(messages) {
        relay.loop().on_writable = [this](SocketId) { pump(relay.loop().sockets); };
    }

    void begin(int send_buffer_bytes) {
        ASSERT_TRUE(eventually([&] { return relay.loop().opened_count == 1; }));
        relay.loop().run([&](LwsSockets& sockets) {
            socket = relay.loop().last_opened;
            begun = true;
            setsockopt(sockets.descriptor(socket), SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
            pump(sockets);
        });
    }

    void pump(LwsSockets& sockets) {
        while (next < count) {
            const std::string payload = numbered(next);
            std::byte header[websocket_header_max];
            const std::size_t header_bytes = write_websocket_header(header, payload.size());
            std::string frame(reinterpret_cast<const char*>(header), header_bytes);
            frame += payload;
            const auto bytes = std::as_bytes(std::span(frame));
            const std::size_t cut = random() % (frame.size() + 1);
            const Sent sent = sockets.send(socket, bytes.first(cut), bytes.subspan(cut));
            kept += sent == Sent::kept ? 1 : 0;
            refused += sent == Sent::refused ? 1 : 0;
            next += sent == Sent::written || sent == Sent::kept;
            if (sent != Sent::written) return;
        }
    }
};

TEST(Writing, in_pieces_never_corrupts_the_stream) {
    Sender sender(3000);
    sender.relay.start();
    RawClient client(sender.relay.port, "127.0.0.1", 4096);
    ASSERT_TRUE(client.upgrade());
    sender.begin(4096);
    int pongs = 0;
    for (int i = 0; i < 3000;) {
        if (i % 50 == 0) client.send(ping, "between");  // libwebsockets answers by itself, whatever is kept
        const auto frame = client.read_frame();
        ASSERT_TRUE(frame) << i;
        if (frame->opcode == pong) {
            EXPECT_EQ(frame->payload, "between");
            ++pongs;
            continue;
        }
        ASSERT_EQ(frame->opcode, binary);
        ASSERT_TRUE(frame->payload == numbered(i)) << i << ": " << frame->payload.substr(0, 40);
        ++i;
    }
    EXPECT_GT(sender.kept, 0);
    EXPECT_GT(pongs, 0);
    EXPECT_TRUE(eventually([&] { return sender.relay.loop().writable_count == sender.kept + sender.refused; }))
        << "a writable() for each kept or refused, no more";
}

TEST(Writing, tried_while_something_is_kept_is_refused_and_corrupts_nothing) {
    Sender sender(1000);
    sender.relay.loop().on_step = [&](std::int64_t now_ns) {  // not waiting for writable()
        if (sender.begun) sender.pump(sender.relay.loop().sockets);
        return now_ns + 50'000;
    };
    sender.relay.start();
    RawClient client(sender.relay.port, "127.0.0.1", 4096);
    ASSERT_TRUE(client.upgrade());
    sender.begin(4096);
    for (int i = 0; i < 1000; ++i) {
        const auto frame = client.read_frame();
        ASSERT_TRUE(frame) << i;
        ASSERT_TRUE(frame->payload == numbered(i)) << i << ": " << frame->payload.substr(0, 40);
    }
    EXPECT_GT(sender.refused, 0);
}

TEST(Writing, to_one_who_does_not_read_is_refused_until_it_reads) {
    Sender sender(0);
    sender.relay.start();
    RawClient client(sender.relay.port, "127.0.0.1", 4096);
    ASSERT_TRUE(client.upgrade());
    sender.begin(4096);
    int written = 0;
    const std::string message(1000, 'm');
    sender.relay.loop().run([&](LwsSockets& sockets) {
        Sent sent;
        while ((sent = send_message(sockets, sender.socket, message)) == Sent::written) ++written;
        written += sent == Sent::kept;
        EXPECT_EQ(send_message(sockets, sender.socket, message), Sent::refused);
        EXPECT_EQ(send_message(sockets, sender.socket, message), Sent::refused);
    });
    EXPECT_EQ(sender.relay.loop().writable_count, 0);
    for (int i = 0; i < written; ++i) ASSERT_EQ(client.read_frame()->payload, message);
    EXPECT_TRUE(eventually([&] { return sender.relay.loop().writable_count == 1; }));
    sender.relay.loop().run(
        [&](LwsSockets& sockets) { EXPECT_EQ(send_message(sockets, sender.socket, message), Sent::written); });
    EXPECT_EQ(client.read_frame()->payload, message);
}

TEST(Writing, unsent_bytes_in_the_kernel_stay_few) {
    Sender sender(0);
    sender.relay.start();
    RawClient client(sender.relay.port, "127.0.0.1", 4096);
    ASSERT_TRUE(client.upgrade());
    ASSERT_TRUE(eventually([&] { return sender.relay.loop().opened_count == 1; }));
    std::size_t taken = 0;
    sender.relay.loop().run([&](LwsSockets& sockets) {
        sender.socket = sender.relay.loop().last_opened;
        const std::string message(1000, 'm');
        while (send_message(sockets, sender.socket, message) == Sent::written) taken += message.size();
    });
    EXPECT_LT(taken, 300'000u);  // a send buffer of its own size would take megabytes
}

TEST(Writing, is_on_sockets_that_do_not_delay) {
    Sender sender(0);
    sender.relay.start();
    RawClient client(sender.relay.port);
    ASSERT_TRUE(client.upgrade());
    ASSERT_TRUE(eventually([&] { return sender.relay.loop().opened_count == 1; }));
    sender.relay.loop().run([&](LwsSockets& sockets) {
        const int fd = sockets.descriptor(sender.relay.loop().last_opened);
        int value = 0;
        socklen_t bytes = sizeof value;
        getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &bytes);
        EXPECT_EQ(value, 1);
        getsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &value, &bytes);
        EXPECT_EQ(value, unsent_bytes_max);
    });
}

TEST(Pausing, loses_and_repeats_nothing) {
    RelayUnderTest relay;
    EchoLoop& loop = relay.loop();
    int expected = 0, wrong = 0, pauses = 0;
    bool paused = false;
    SocketId socket = 0;
    loop.on_received = [&](SocketId id, std::span<const std::byte> message) {
        socket = id;
        wrong += paused;  // also not what libwebsockets had read already
        wrong += std::string(reinterpret_cast<const char*>(message.data()), message.size()) != numbered(expected);
        if (++expected % 7 != 0) return;
        loop.sockets.pause(id, paused = true);
        ++pauses;
    };
    loop.on_step = [&](std::int64_t now_ns) {
        if (paused) loop.sockets.pause(socket, paused = false);
        return now_ns + 1'000'000;
    };
    relay.start();
    RawClient client(relay.port);
    ASSERT_TRUE(client.upgrade());
    std::string batch;
    for (int i = 0; i < 1000; ++i) {
        const std::string payload = numbered(i).substr(0, 60'000);
        batch += client_frame(binary, payload == numbered(i) ? payload : numbered(i).substr(0, 60'000));
        if (i % 100 != 99) continue;
        ASSERT_TRUE(client.write(batch));
        batch.clear();
    }
    EXPECT_TRUE(eventually([&] {
        int have = 0;
        loop.run([&](LwsSockets&) { have = expected; });
        return have == 1000;
    })) << expected;
    EXPECT_EQ(pauses, 142);
}

TEST(Pausing, fills_the_peers_window_and_resuming_reads_at_once) {
    RelayUnderTest relay;
    EchoLoop& loop = relay.loop();
    loop.on_received = [](SocketId, auto) {};
    relay.start();
    RawClient client(relay.port);
    ASSERT_TRUE(client.upgrade());
    ASSERT_TRUE(eventually([&] { return loop.opened_count == 1; }));
    loop.run([&](LwsSockets& sockets) { sockets.pause(loop.last_opened, true); });
    const std::string message = client_frame(binary, std::string(1000, 'm'));
    int sent = 0;
    std::string_view rest = message;
    for (;;) {
        const ssize_t bytes = ::send(client.fd(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (bytes < 0) break;
        rest.remove_prefix(static_cast<std::size_t>(bytes));
        if (!rest.empty()) continue;
        rest = message;
        ASSERT_LT(++sent, 100'000);
    }
    EXPECT_EQ(loop.received_count, 0);
    loop.run([&](LwsSockets& sockets) { sockets.pause(loop.last_opened, false); });
    EXPECT_TRUE(client.write(rest));
    EXPECT_TRUE(eventually([&] { return loop.received_count == sent + 1; }))
        << loop.received_count << " of " << sent + 1;
}

}  // namespace
}  // namespace tickrelay::test
