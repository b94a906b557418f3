// The sockets in TLS: what write_test.cpp and close_test.cpp say of plain ones, and what only TLS has.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <random>

#include "relay/tls.h"
#include "tests/e2e/websocket/relay_under_test.h"
#include "tests/e2e/websocket/tls_client.h"
#include "tests/unit/client/certificate.h"

namespace tickrelay::test {
namespace {

struct Secured {
    Certificate certificate;
    Tls tls{{.cert = certificate.certificate(), .key = certificate.key()}};
    std::unique_ptr<RelayUnderTest> relay;

    explicit Secured(std::size_t loops = 1, SocketSettings settings = {}) {
        const auto error = tls.load();
        if (error) ADD_FAILURE() << *error;
        settings.tls = &tls;
        relay = std::make_unique<RelayUnderTest>(settings, loops);
    }
    EchoLoop& loop() { return relay->loop(); }
    std::uint16_t port() const { return relay->port; }
};

TEST(Tls, passes_frames_verbatim_in_pieces_too) {
    Secured at;
    constexpr int count = 2'000;
    std::atomic<int> kept{0}, refused{0};
    SocketId socket = 0;
    int next = 0;
    std::minstd_rand random{7};
    const auto pump = [&](LwsSockets& sockets) {
        while (next < count) {
            const std::string payload = numbered(next);
            std::byte header[websocket_header_max];
            const std::size_t header_bytes = write_websocket_header(header, payload.size());
            const std::string frame = std::string(reinterpret_cast<const char*>(header), header_bytes) + payload;
            const auto bytes = std::as_bytes(std::span(frame));
            const std::size_t cut = random() % (frame.size() + 1);
            const Sent sent = sockets.send(socket, bytes.first(cut), bytes.subspan(cut));
            kept += sent == Sent::kept;
            refused += sent == Sent::refused;
            next += sent == Sent::written || sent == Sent::kept;
            if (sent != Sent::written) return;
        }
    };
    at.loop().on_writable = [&](SocketId) { pump(at.loop().sockets); };
    at.relay->start();
    TlsClient client(at.port(), 4096);
    ASSERT_TRUE(client.upgrade());
    ASSERT_TRUE(eventually([&] { return at.loop().opened_count == 1; }));
    at.loop().run([&](LwsSockets& sockets) {
        socket = at.loop().last_opened;
        const int small = 4096;
        setsockopt(sockets.descriptor(socket), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        pump(sockets);
    });
    for (int i = 0; i < count; ++i) {
        if (i % 50 == 0) client.send(ping, "between");
        auto frame = client.read_frame();
        while (frame && frame->opcode == pong) frame = client.read_frame();
        ASSERT_TRUE(frame) << i;
        ASSERT_TRUE(frame->payload == numbered(i)) << i << ": " << frame->payload.substr(0, 40);
    }
    EXPECT_GT(kept, 0);
    EXPECT_GT(refused, 0) << "a connection that was full is asked before it is encrypted for";
    EXPECT_TRUE(eventually([&] { return at.loop().writable_count == kept + refused; })) << "a writable() for each, no more";
}

// OpenSSL hands out a record of 16 kB in pieces of 1 kB, for which no descriptor becomes readable: libwebsockets asks for
// them by itself, whose other ways would wait for the next slice.
TEST(Tls, reads_a_large_record_within_a_slice) {
    Secured at;
    std::atomic<std::uint64_t> steps{0}, steps_at_receipt{0};
    at.loop().on_received = [&](SocketId, std::span<const std::byte> message) {
        EXPECT_EQ(message.size(), 60'000U);
        steps_at_receipt = steps.load();
    };
    at.loop().on_step = [&](std::int64_t now_ns) {
        ++steps;
        return now_ns + 10'000'000;
    };
    at.relay->start();
    TlsClient client(at.port());
    ASSERT_TRUE(client.upgrade());
    ASSERT_TRUE(eventually([&] { return at.loop().opened_count == 1; }));
    const std::uint64_t before = steps;
    ASSERT_TRUE(client.send(binary, std::string(60'000, 'r')));
    ASSERT_TRUE(eventually([&] { return steps_at_receipt != 0; }));
    EXPECT_LE(steps_at_receipt - before, 20U) << "of 60 pieces";
}

TEST(Tls, paused_connections_lose_and_repeat_nothing) {
    Secured at;
    EchoLoop& loop = at.loop();
    int expected = 0, wrong = 0;
    bool paused = false;
    SocketId socket = 0;
    loop.on_received = [&](SocketId id, std::span<const std::byte> message) {
        socket = id;
        wrong += paused;
        wrong += std::string(reinterpret_cast<const char*>(message.data()), message.size()) != numbered(expected).substr(0, 60'000);
        if (++expected % 7 == 0) loop.sockets.pause(id, paused = true);
    };
    loop.on_step = [&](std::int64_t now_ns) {
        if (paused) loop.sockets.pause(socket, paused = false);
        return now_ns + 1'000'000;
    };
    at.relay->start();
    TlsClient client(at.port());
    ASSERT_TRUE(client.upgrade());
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(client.send(binary, numbered(i).substr(0, 60'000)));
    EXPECT_TRUE(eventually([&] {
        int have = 0;
        loop.run([&](LwsSockets&) { have = expected; });
        return have == 500;
    })) << expected;
    EXPECT_EQ(wrong, 0);
}

TEST(Tls, close_codes_arrive) {
    Secured at;
    at.relay->start();
    TlsClient client(at.port());
    ASSERT_TRUE(client.upgrade());
    ASSERT_TRUE(eventually([&] { return at.loop().opened_count == 1; }));
    at.loop().run([&](LwsSockets& sockets) { sockets.close(at.loop().last_opened, CloseCode::kicked, "so"); });
    const auto frame = client.read_frame();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->close_code(), static_cast<int>(CloseCode::kicked));
}

TEST(Tls, silent_connections_are_pinged_and_dead_ones_closed) {
    SocketSettings settings;
    settings.ping_after_ms = 200;
    settings.dead_after_ms = 1'500;
    settings.sweep_ms = 100;
    Secured at(1, settings);
    at.relay->start();
    TlsClient client(at.port());
    ASSERT_TRUE(client.upgrade());
    const auto frame = client.read_frame();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->opcode, ping);
    EXPECT_TRUE(eventually([&] { return at.loop().closed_count == 1; }));
}

TEST(Tls, sessions_are_resumed_on_any_loop) {
    Secured at(2);
    at.relay->start();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        auto last = std::make_unique<TlsClient>(at.port(), 0, nullptr, version);  // and so on, in turn
        ASSERT_TRUE(last->upgrade());
        EXPECT_FALSE(last->resumed());
        for (int i = 0; i < 5; ++i) {
            ASSERT_TRUE(last->session()) << last->version();
            auto next = std::make_unique<TlsClient>(at.port(), 0, last->session(), version);
            ASSERT_TRUE(next->upgrade());
            EXPECT_TRUE(next->resumed()) << next->version() << " " << i;
            last = std::move(next);
        }
    }
    EXPECT_EQ(at.tls.figures().full, 2U);
    EXPECT_EQ(at.tls.figures().resumed, 10U);
    EXPECT_GT(at.relay->loops[0]->opened_count, 4);
    EXPECT_GT(at.relay->loops[1]->opened_count, 4);
}

TEST(Tls, below_1_2_is_refused) {
    Secured at;
    at.relay->start();
    EXPECT_FALSE(TlsClient(at.port(), 0, nullptr, TLS1_1_VERSION).handshake());
    TlsClient newer(at.port(), 0, nullptr, TLS1_2_VERSION);
    EXPECT_TRUE(newer.upgrade());
    EXPECT_EQ(newer.version(), "TLSv1.2");
    RawClient plain(at.port());
    ASSERT_TRUE(plain.write(upgrade_request()));
    EXPECT_TRUE(plain.ended()) << "who speaks no TLS";
}

TEST(Tls, certificates_are_exchanged_while_connections_last) {
    Secured at(2);
    at.relay->start();
    TlsClient before(at.port());
    ASSERT_TRUE(before.upgrade());
    EXPECT_EQ(before.server(), "/CN=localhost");
    at.certificate.make("renewed");
    EXPECT_FALSE(at.tls.changed()) << "it may just be written";
    EXPECT_TRUE(at.tls.changed());
    const auto error = at.tls.load();
    ASSERT_FALSE(error) << *error;
    EXPECT_FALSE(at.tls.changed());
    for (int i = 0; i < 4; ++i) {
        TlsClient after(at.port());
        ASSERT_TRUE(after.upgrade());
        EXPECT_EQ(after.server(), "/CN=renewed");
    }
    ASSERT_TRUE(before.send(binary, "still here"));
    EXPECT_EQ(before.read_frame()->payload, "still here");
}

TEST(Tls, a_handshake_that_never_ends_is_ended) {
    Secured at;
    at.relay->start();
    RawClient silent(at.port()), slow(at.port());
    ASSERT_TRUE(slow.write(std::string("\x16\x03\x01\x02\x00", 5)));  // a record of 512 bytes, one at a time
    const auto began = std::chrono::steady_clock::now();
    std::string byte(1, '\x01');
    bool ended = false;
    for (int i = 0; !ended && i < 100; ++i) {
        ended = !slow.write(byte);
        byte[0] = '\0';
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    EXPECT_TRUE(ended && slow.ended());
    EXPECT_TRUE(silent.ended());
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(15));
    TlsClient other(at.port());
    EXPECT_TRUE(other.upgrade()) << "others go on";
}

}  // namespace
}  // namespace tickrelay::test
