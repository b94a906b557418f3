#include <gtest/gtest.h>

#include "tests/e2e/websocket/raw_client.h"
#include "tests/e2e/websocket/relay_under_test.h"

namespace tickrelay::test {
namespace {

constexpr std::int64_t ms = 1'000'000;

TEST(Waking, loses_no_wake) {
    Waker waker;
    std::atomic<int> posted{0}, seen{0};
    std::thread sleeper([&] {
        while (seen < 50'000) {
            if (waker.begin_sleep()) waker.sleep_until(monotonic_ns() + 30'000 * ms);
            waker.end_sleep();
            seen = posted.load();
        }
    });
    const std::int64_t begin_ns = monotonic_ns();
    for (int i = 1; i <= 50'000; ++i) {
        posted = i;
        waker.wake();
        while (i % 5 == 0 && seen < i) std::this_thread::yield();
    }
    sleeper.join();
    EXPECT_LT(monotonic_ns() - begin_ns, 30'000 * ms);
}

TEST(Waking, from_many_threads_loses_no_wake) {
    Waker waker;
    std::atomic<int> posted{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20'000; ++i) {
                ++posted;
                waker.wake();
            }
        });
    }
    const std::int64_t begin_ns = monotonic_ns();
    while (posted < 80'000) {
        if (waker.begin_sleep()) waker.sleep_until(monotonic_ns() + 30'000 * ms);
        waker.end_sleep();
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_LT(monotonic_ns() - begin_ns, 30'000 * ms);
}

TEST(Thread, idle_is_woken_at_once_and_wakes_are_joined) {
    RelayUnderTest relay;
    EchoLoop& loop = relay.loop();
    relay.start();
    std::int64_t total_ns = 0;
    for (int i = 0; i < 200; ++i) {
        const std::int64_t begin_ns = monotonic_ns();
        loop.run([](LwsSockets&) {});
        total_ns += monotonic_ns() - begin_ns;
    }
    EXPECT_LT(total_ns / 200, 20 * ms);  // the heartbeat alone would give 50
    const std::uint64_t before = loop.thread->steps_run();
    for (int i = 0; i < 100'000; ++i) loop.thread->wake();
    loop.run([](LwsSockets&) {});
    EXPECT_LT(loop.thread->steps_run() - before, 100'000u);
}

TEST(Thread, steps_at_the_time_it_was_asked_for) {
    RelayUnderTest relay;
    std::atomic<int> steps{0};
    std::vector<std::int64_t> late_ns;
    std::int64_t due_ns = 0;
    relay.loop().on_step = [&](std::int64_t now_ns) {
        if (steps < 100 && due_ns > 0 && now_ns >= due_ns) {
            late_ns.push_back(now_ns - due_ns);
            due_ns = 0;
            ++steps;
        }
        if (due_ns == 0) due_ns = now_ns + (steps < 90 ? 5 : 50) * ms;  // in slices, then idle
        return due_ns;
    };
    relay.start();
    ASSERT_TRUE(eventually([&] { return steps == 100; }));
    relay.loop().run([](LwsSockets&) {});
    std::sort(late_ns.begin(), late_ns.end());
    EXPECT_LT(late_ns[50], ms);
}

TEST(Thread, while_ticking_reads_in_slices) {
    RelayUnderTest relay;
    EchoLoop& loop = relay.loop();
    std::int64_t next_ns = 0;
    loop.on_step = [&](std::int64_t now_ns) { return now_ns >= next_ns ? next_ns = now_ns + 15 * ms : next_ns; };
    relay.start();
    std::vector<RawClient> clients;
    for (int i = 0; i < 20; ++i) clients.emplace_back(relay.port);
    for (RawClient& client : clients) ASSERT_TRUE(client.upgrade());
    ASSERT_TRUE(eventually([&] { return loop.opened_count == 20; }));
    const std::uint64_t before = loop.thread->steps_run();
    const std::int64_t begin_ns = monotonic_ns();
    for (int round = 0; round < 50; ++round) {
        for (RawClient& client : clients) client.send(binary, "input");
        std::this_thread::sleep_for(std::chrono::milliseconds(2));  // a pace: inputs come while the loop ticks
    }
    for (RawClient& client : clients) {
        for (int round = 0; round < 50; ++round) ASSERT_TRUE(client.read_frame());
    }
    const std::int64_t took_ns = monotonic_ns() - begin_ns;
    EXPECT_EQ(loop.received_count, 1000);
    EXPECT_LE(loop.thread->steps_run() - before, static_cast<std::uint64_t>(took_ns / (15 * ms)) + 3);
}

TEST(Thread, large_message_is_read_within_one_slice) {
    RelayUnderTest relay;
    EchoLoop& loop = relay.loop();
    std::int64_t next_ns = 0;
    loop.on_step = [&](std::int64_t now_ns) { return now_ns >= next_ns ? next_ns = now_ns + 15 * ms : next_ns; };
    relay.start();
    RawClient client(relay.port);
    ASSERT_TRUE(client.upgrade());
    const std::int64_t begin_ns = monotonic_ns();
    client.send(binary, std::string(60'000, 'l'));
    ASSERT_TRUE(client.read_frame());
    EXPECT_LT(monotonic_ns() - begin_ns, 500 * ms);  // at one read a slice it would take 870
}

TEST(Thread, idle_reads_at_once) {
    RelayUnderTest relay;
    relay.start();
    RawClient client(relay.port);
    ASSERT_TRUE(client.upgrade());
    const std::int64_t begin_ns = monotonic_ns();
    for (int i = 0; i < 200; ++i) {
        client.send(binary, "input");
        ASSERT_TRUE(client.read_frame());
    }
    EXPECT_LT(monotonic_ns() - begin_ns, 200 * 20 * ms);
}

TEST(Thread, stops_and_starts_again_with_its_connections) {
    RelayUnderTest relay;
    relay.start();
    RawClient client(relay.port);
    ASSERT_TRUE(client.upgrade());
    relay.loop().thread->stop();
    client.send(binary, "meanwhile");
    relay.loop().thread->start();
    EXPECT_EQ(client.read_frame()->payload, "meanwhile");
}

}  // namespace
}  // namespace tickrelay::test
