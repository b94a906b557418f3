// Loops with an acceptor on a free loopback port, and an echo where the real relay has its loop. Owner: one test.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "relay/run/acceptor.h"
#include "relay/run/loop_thread.h"

namespace tickrelay::test {

// Waits for a condition to become true; false after a long time.
bool eventually(const std::function<bool()>& condition);

// One loop: echoes what it receives unless told otherwise. The callbacks run on the loop's thread.
class EchoLoop final : public SocketEvents, public LoopSteps {
  public:
    EchoLoop(SocketSettings settings, const std::string& name);
    ~EchoLoop() override;

    // Runs on the loop's thread, before the next step; waits until it has.
    void run(const std::function<void(LwsSockets&)>& work);

    std::function<void(SocketId)> on_opened;
    std::function<void(SocketId, std::span<const std::byte>)> on_received;  // instead of the echo
    std::function<void(SocketId)> on_writable;
    std::function<std::int64_t(std::int64_t now_ns)> on_step;  // instead of being idle

    std::atomic<int> opened_count{0}, closed_count{0}, received_count{0}, writable_count{0}, misaligned{0};
    std::atomic<SocketId> last_opened{0};

    LwsSockets sockets;
    std::unique_ptr<LoopThread> thread;

  private:
    void opened(SocketId socket) override;
    void received(SocketId socket, std::span<const std::byte> message) override;
    void writable(SocketId socket) override;
    void closed(SocketId socket) override;
    std::int64_t step(std::int64_t now_ns) override;

    std::mutex work_mutex_;
    std::vector<std::function<void()>> work_;
};

// A payload that can be told from others: of up to 600 bytes, each tenth of up to 70,000.
std::string numbered(int number);

Sent send_message(LwsSockets& sockets, SocketId socket, std::string_view payload);

struct RelayUnderTest {
    explicit RelayUnderTest(SocketSettings settings = {}, std::size_t loop_count = 1,
                            std::string address = "127.0.0.1:0");
    void start();
    ~RelayUnderTest();

    std::vector<std::unique_ptr<EchoLoop>> loops;
    std::unique_ptr<Acceptor> acceptor;
    std::uint16_t port = 0;
    EchoLoop& loop() { return *loops[0]; }
};

}  // namespace tickrelay::test
