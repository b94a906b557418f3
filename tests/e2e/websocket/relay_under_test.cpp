#include "tests/e2e/websocket/relay_under_test.h"

#include <random>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <utility>

#include "tests/e2e/websocket/raw_client.h"

namespace tickrelay::test {

bool eventually(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

namespace {

void must(bool done, const std::string& error) {
    if (done) return;
    std::fprintf(stderr, "%s\n", error.c_str());
    std::abort();
}

}  // namespace

EchoLoop::EchoLoop(SocketSettings settings, const std::string& name) : sockets(std::move(settings)) {
    std::string error;
    must(sockets.open(error), error);
    sockets.deliver_to(*this);
    thread = std::make_unique<LoopThread>(sockets, *this, name);
}

EchoLoop::~EchoLoop() { thread->stop(); }

void EchoLoop::run(const std::function<void(LwsSockets&)>& work) {
    std::promise<void> done;
    {
        const std::lock_guard lock(work_mutex_);
        work_.emplace_back([&] {
            work(sockets);
            done.set_value();
        });
    }
    thread->wake();
    done.get_future().wait();
}

void EchoLoop::opened(SocketId socket) {
    last_opened = socket;
    ++opened_count;
    if (on_opened) on_opened(socket);
}

void EchoLoop::received(SocketId socket, std::span<const std::byte> message) {
    if (reinterpret_cast<std::uintptr_t>(message.data()) % 8 != 0) ++misaligned;
    ++received_count;
    if (on_received) return on_received(socket, message);
    std::byte header[websocket_header_max];
    sockets.send(socket, {header, write_websocket_header(header, message.size())}, message);
}

void EchoLoop::writable(SocketId socket) {
    ++writable_count;
    if (on_writable) on_writable(socket);
}

void EchoLoop::closed(SocketId) { ++closed_count; }

std::int64_t EchoLoop::step(std::int64_t now_ns) {
    std::vector<std::function<void()>> work;
    {
        const std::lock_guard lock(work_mutex_);
        work.swap(work_);
    }
    for (const auto& one : work) one();
    return on_step ? on_step(now_ns) : now_ns + 1'000'000'000;
}

std::string numbered(int number) {
    std::minstd_rand random(static_cast<unsigned>(number) + 1);
    std::string payload = std::to_string(number) + ":";
    const std::size_t bytes = random() % (number % 10 == 0 ? 70'000 : 600);
    while (payload.size() < bytes) payload.push_back(static_cast<char>('a' + random() % 26));
    return payload;
}

Sent send_message(LwsSockets& sockets, SocketId socket, std::string_view payload) {
    std::byte header[websocket_header_max];
    return sockets.send(socket, {header, write_websocket_header(header, payload.size())},
                        std::as_bytes(std::span(payload)));
}

RelayUnderTest::RelayUnderTest(SocketSettings settings, std::size_t loop_count, std::string address) {
    for (std::size_t i = 0; i < loop_count; ++i) {
        loops.push_back(std::make_unique<EchoLoop>(settings, "loop " + std::to_string(i)));
    }
    AcceptorSettings accept{.addresses = {std::move(address)}, .loops = loop_count, .admit = {}, .hand_over = {}};
    accept.hand_over = [this](std::size_t loop, const Accepted& accepted) { loops[loop]->thread->give(accepted); };
    if (settings.tls) accept.tls_from = 0;
    acceptor = std::make_unique<Acceptor>(std::move(accept));
    std::string error;
    must(acceptor->open(error), error);
    port = acceptor->port();
}

void RelayUnderTest::start() {
    for (auto& loop : loops) loop->thread->start();
    acceptor->start();
}

RelayUnderTest::~RelayUnderTest() { acceptor->stop(); }

}  // namespace tickrelay::test
