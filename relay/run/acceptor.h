// Accepts connections: a listening socket, and the thread that deals accepted ones out to the loops.
// Owner: whoever opens it; the acceptor's callbacks run on the acceptor's thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tickrelay {

using PeerAddress = std::array<std::uint8_t, 16>;  // IPv6; IPv4 as ::ffff:a.b.c.d

std::string to_string(const PeerAddress& address);

struct Accepted {
    int fd = -1;  // non-blocking, the receiver's from here on
    PeerAddress peer{};
};

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
    std::size_t loops = 1;
    std::function<bool(const PeerAddress&)> admit;                              // false: closed at once; may be empty
    std::function<void(std::size_t loop, const Accepted& accepted)> hand_over;  // loops in turn: 0, 1, …, 0
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
        std::atomic<std::uint64_t> refused{0};    // by admit
        std::atomic<std::uint64_t> exhausted{0};  // no descriptors left
    };
    const Counts& counts() const { return counts_; }

  private:
    void run();
    bool accept_some(Listener& listener);

    AcceptorSettings settings_;
    std::vector<Listener> listeners_;
    std::size_t next_loop_ = 0;
    Counts counts_;
    int stop_fd_ = -1;
    std::thread thread_;
};

}  // namespace tickrelay
