// Accepts connections: a listening socket, and the thread that deals accepted ones out to the loops.
// Owner: whoever opens it; the acceptor's callbacks run on the acceptor's thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "relay/run/accepted.h"
#include "relay/run/bucket.h"
#include "relay/run/proxy_waits.h"

namespace tickrelay {

class Listener {
  public:
    Listener() = default;
    ~Listener();
    Listener(Listener&& other) noexcept;
    Listener& operator=(Listener&&) = delete;

    // "1.2.3.4:80", "[::]:80" (IPv4 too), ":80" (the same), "localhost:80"; port 0 takes a free one.
    // False: `error` names the address, the cause and what to do.
    bool open(std::string_view address, std::string& error);

    // What `more` says after one accept().
    enum class Result : std::uint8_t { accepted, none, exhausted };
    // exhausted: no descriptor was left; the connection was closed at once where that was possible.
    Result accept(Accepted& accepted);

    int fd() const { return fd_; }
    std::uint16_t port() const { return port_; }

  private:
    Result close_one();

    int fd_ = -1;
    int spare_fd_ = -1;  // given up for a moment to take a connection that cannot be served, and close it
    std::uint16_t port_ = 0;
};

struct AcceptorSettings {
    std::vector<std::string> addresses;
    std::size_t tls_from = static_cast<std::size_t>(-1);  // the addresses from this one on speak TLS
    std::size_t loops = 1;
    std::function<bool(const PeerAddress&)> admit;                              // false: closed at once; may be empty
    std::function<void(std::size_t loop, const Accepted& accepted)> hand_over;  // loops in turn: 0, 1, …, 0
    // What a connection that is not admitted reads, where that still reaches it; empty: nothing.
    std::string refused_answer = {};
    // How many are taken in a second; the rest waits in the kernel's queue, as behind a door. 0 or empty: all there are. Those that
    // are not admitted count as a quarter: a flood of them does not hold up others for long, nor take this thread's core.
    std::function<std::uint32_t()> per_s = {};
    // Whether a connection from there begins with a PROXY header, which then tells whose it is. May be empty: none does.
    std::function<bool(const PeerAddress&)> is_balancer = {};
    std::int64_t header_timeout_ns = 5'000'000'000;
    ProxyWaits::Failed no_header = {};
};

class Acceptor {
  public:
    explicit Acceptor(AcceptorSettings settings) : settings_(std::move(settings)) {}
    ~Acceptor() { stop(); }
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;

    bool open(std::string& error);  // listens; connections wait in the kernel until start()
    void start();
    void stop();  // closes the listening sockets; nothing is handed over after it returns

    std::uint16_t port(std::size_t address = 0) const { return listeners_[address].port(); }

    struct Counts {
        std::atomic<std::uint64_t> accepted{0};
        std::atomic<std::uint64_t> refused{0};    // by admit, or without their PROXY header
        std::atomic<std::uint64_t> exhausted{0};  // no descriptors left
    };
    const Counts& counts() const { return counts_; }

  private:
    void run();
    bool accept_some(Listener& listener, bool tls);
    void take(const Accepted& accepted);
    void deal_out(const Accepted& accepted);
    bool look(std::vector<pollfd>& waits, std::int64_t& pause_until_ns);
    void refuse(const Accepted& accepted);
    void serve_balancers(const std::vector<pollfd>& waits);
    [[nodiscard]] std::int64_t free_ns() const;  // when the next may be taken

    AcceptorSettings settings_;
    std::vector<Listener> listeners_;
    ProxyWaits balancers_;
    Bucket pace_;
    std::size_t next_loop_ = 0;
    Counts counts_;
    int stop_fd_ = -1;
    std::thread thread_;
};

}  // namespace tickrelay
