// Connections of balancers whose PROXY header has not come yet. Nothing here blocks, and none waits for another.
// Owner: the acceptor's thread.
#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "relay/run/accepted.h"

namespace tickrelay {

// Whether one came with a connection that is not to send any, or right behind it. What comes later fails as a handshake, or, of version
// 1, is seen among its headers (has_proxy_line).
bool sends_proxy_header(int fd);

class ProxyWaits {
  public:
    static constexpr std::size_t waiting_max = 4'096;

    // The header is read, and nothing behind it: a connection of that peer.
    using Arrived = std::function<void(const Accepted& accepted)>;
    // None came, or a wrong one; the descriptor is closed. From: the balancer's own address.
    using Failed = std::function<void(const PeerAddress& from, std::string_view why)>;

    ProxyWaits() = default;
    ~ProxyWaits();
    ProxyWaits(const ProxyWaits&) = delete;
    ProxyWaits& operator=(const ProxyWaits&) = delete;

    // Takes the descriptor. False, and it is closed: too many wait.
    bool add(const Accepted& accepted, std::int64_t deadline_ns);

    // What to poll for; and after poll() what came, in the same order.
    void append(std::vector<pollfd>& waits) const;
    void serve(const pollfd* polled, std::int64_t now_ns, const Arrived& arrived, const Failed& failed);

    [[nodiscard]] std::int64_t next_ns() const;  // when the first gives up; INT64_MAX where none waits

  private:
    struct Waiting {
        Accepted accepted;
        std::int64_t deadline_ns = 0;
    };
    enum class Next : std::uint8_t { waits, done };
    static Next read(const Waiting& waiting, short events, const Arrived& arrived, const Failed& failed);

    std::vector<Waiting> waiting_;  // by deadline
};

}  // namespace tickrelay
