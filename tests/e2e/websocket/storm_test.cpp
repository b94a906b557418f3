#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "tests/e2e/websocket/raw_client.h"
#include "tests/e2e/websocket/relay_under_test.h"

namespace tickrelay::test {
namespace {

// The relay's side: at each step it pauses, resumes, sends to and closes connections at random.
class Server {
    struct State {
        std::minstd_rand random{11};
        std::vector<SocketId> open;  // or closed since: both must be harmless
    };
    std::deque<State> states_;  // first: the loops use it to their end

  public:
    Server() : relay(settings(), 2) {
        for (auto& loop : relay.loops) {
            auto* state = &states_.emplace_back();
            loop->on_opened = [state](SocketId id) { state->open.push_back(id); };
            loop->on_received = [loop = loop.get(), state](SocketId id, auto message) {
                EXPECT_LE(message.size(), 65'536u);
                if (state->random() % 5 == 0) act(*loop, *state, id);
            };
            loop->on_step = [loop = loop.get(), state](std::int64_t now_ns) {
                for (int i = 0; i < 3 && !state->open.empty(); ++i) {
                    act(*loop, *state, state->open[state->random() % state->open.size()]);
                }
                return now_ns + 1'000'000;
            };
        }
        relay.start();
    }

    std::atomic<int> released{0};
    RelayUnderTest relay;

  private:
    SocketSettings settings() {
        SocketSettings settings;
        settings.sweep_ms = 100;
        settings.ping_after_ms = 200;
        settings.dead_after_ms = 600;
        settings.close_timeout_s = 1;
        settings.released = [this](const PeerAddress&) { ++released; };
        return settings;
    }

    static void act(EchoLoop& loop, State& state, SocketId id) {
        switch (state.random() % 12) {
            case 0: loop.sockets.pause(id, true); break;
            case 1: loop.sockets.close(id, CloseCode::kicked, "at random"); break;
            case 2: send_message(loop.sockets, id, std::string(state.random() % 70'000, 's')); break;
            case 3:
            case 4:
            case 5: send_message(loop.sockets, id, "small"); break;
            default: loop.sockets.pause(id, false); break;
        }
    }
};

void misbehave(RawClient& client, std::minstd_rand& random) {
    if (random() % 8 == 0) return;  // says nothing at all
    if (random() % 8 == 0) {
        client.write(upgrade_request(random() % 2 ? "/v1" : "/x").substr(0, random() % 200));
        return;
    }
    if (!client.upgrade()) return;
    const int actions = static_cast<int>(random() % 12);
    for (int i = 0; i < actions; ++i) {
        const std::string payload(random() % (random() % 4 == 0 ? 66'000 : 300), 'c');
        bool written = true;
        switch (random() % 9) {
            case 0: written = client.send(ping, payload.substr(0, 100)); break;
            case 1: written = client.write(client_frame(binary, payload, false)); break;
            case 2: written = client.write(client_frame(binary, payload).substr(0, 20)); break;
            case 3: written = client.send(static_cast<int>(random() % 16), "any opcode"); break;
            case 4: client.read_frame(); break;
            case 5:
                written = client.send(closing,
                                      "\x03\xE8"
                                      "bye");
                break;
            default: written = client.send(binary, payload); break;
        }
        if (!written) return;
    }
    if (random() % 3 == 0) client.reset();
}

TEST(Storm, of_misbehaving_peers_leaves_nothing_behind) {
    Server server;
    std::atomic<int> connections{0};
    std::vector<std::thread> peers;
    const std::int64_t end_ns = monotonic_ns() + 3'000'000'000;
    for (unsigned seed = 1; seed <= 8; ++seed) {
        peers.emplace_back([&, seed] {
            std::minstd_rand random(seed);
            while (monotonic_ns() < end_ns) {
                std::deque<RawClient> some;
                for (int i = 0; i < 4; ++i) {
                    some.emplace_back(server.relay.port);
                    ++connections;
                    misbehave(some.back(), random);
                }
            }
        });
    }
    for (std::thread& peer : peers) peer.join();
    EXPECT_GT(connections, 100);
    EXPECT_TRUE(eventually([&] { return server.released == connections; })) << server.released << " of " << connections;
    for (auto& loop : server.relay.loops) {
        EXPECT_EQ(loop->opened_count, loop->closed_count);
        loop->run([](LwsSockets& sockets) { EXPECT_EQ(sockets.adopted(), 0u); });
    }
}

}  // namespace
}  // namespace tickrelay::test
