// The sockets as a loop sees them: where a tester asked for it, messages of a connection are held here as its conditions say.
// Owner: one loop; its thread. A connection without conditions costs a branch.
//
// It stands where the kernel's socket does, below the line: a pipe that is full says so, and writable() follows. What it holds is
// bounded (BadWay). A connection's end lets out at once what is held.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "relay/run/bad_way.h"
#include "relay/run/sockets.h"

namespace tickrelay {

class BadNetwork {
  public:
    explicit BadNetwork(Sockets& below) : below_(below) {}

    [[nodiscard]] std::int64_t now_ns() const { return below_.now_ns(); }
    Sent send(SocketId socket, std::span<const std::byte> first, std::span<const std::byte> second) {
        return simulates(socket) ? put(socket, first, second) : below_.send(socket, first, second);
    }
    void close(SocketId socket, CloseCode code, std::string_view detail);
    void pause(SocketId socket, bool paused);
    [[nodiscard]] std::uint64_t delivered(SocketId socket) const { return below_.delivered(socket); }
    [[nodiscard]] const PeerAddress& peer(SocketId socket) const { return below_.peer(socket); }

    // From here on; nothing in `conditions`: no longer, once it is empty. `blocked`: writable() is still to come; `paused`: so it is.
    void simulate(SocketId socket, const Conditions& conditions, std::uint64_t seed, bool blocked, bool paused);
    [[nodiscard]] bool any() const { return !simulated_.empty(); }
    [[nodiscard]] bool simulates(SocketId socket) const { return socket < links_.size() && links_[socket] != nullptr; }

    // ---- what happens on a socket that it simulates

    void received(SocketId socket, std::span<const std::byte> message);
    void writable(SocketId socket);
    void closed(SocketId socket) { links_[socket].reset(); }  // after take_arrived() of all

    // ---- in each step

    void send_due(std::int64_t now_ns);
    // The next message that has come through, 8-byte aligned; the next socket that has room again.
    std::optional<std::pair<SocketId, std::vector<std::byte>>> take_arrived(std::int64_t now_ns);
    std::optional<std::vector<std::byte>> take_arrived(SocketId socket, std::int64_t now_ns);
    std::optional<SocketId> take_drained(std::int64_t now_ns);
    void drop_idle();  // those that simulate nothing any more
    [[nodiscard]] std::int64_t next_ns() const;  // when there is something to do; BadWay::never

  private:
    struct Link {
        explicit Link(std::uint64_t seed) : out(seed), in(~seed) {}
        BadWay out, in;
        bool on = true;
        bool blocked_below = false;   // the socket has no room
        bool owes_writable = false;
        bool paused_above = false;    // the loop takes nothing
        bool paused_below = false;    // the socket is not read
        bool closing = false;
    };
    Sent put(SocketId socket, std::span<const std::byte> first, std::span<const std::byte> second);
    void send_due(SocketId socket, Link& link, std::int64_t now_ns);
    void pause_below(SocketId socket, Link& link, std::int64_t now_ns);

    Sockets& below_;
    std::vector<std::unique_ptr<Link>> links_;  // by socket
    std::vector<SocketId> simulated_;           // those with a link
};

}  // namespace tickrelay
