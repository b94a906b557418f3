// What only the kernel's counts tell of a connection: bytes that are no message, and whether it lives.

#include <algorithm>
#include <utility>

#include "relay/run/lws_sockets.h"
#include "relay/run/tcp_bytes.h"

namespace tickrelay {

namespace {

constexpr std::size_t overhead_free_bytes = 8 * 1024;  // a second: pings and pongs, what is read and not delivered yet

}  // namespace

std::uint64_t LwsSockets::delivered(SocketId socket) const {
    const Connection& connection = connections_[socket];
    return connection.phase == Phase::open ? tcp_bytes_delivered(connection.fd) : 0;
}

// libwebsockets answers pings and swallows empty fragments by itself; only the kernel's count of bytes shows them.
void LwsSockets::tell_overhead(SocketId socket) {
    Connection& connection = connections_[socket];
    const std::uint64_t read = tcp_bytes_read(connection.fd);
    const std::uint64_t came = read - std::min(read, connection.read_before);
    const std::uint64_t expected = overhead_free_bytes + std::exchange(connection.counted, 0);
    connection.read_before = read;
    if (came > expected) events_->overhead(socket, came - expected);
}

void LwsSockets::sweep() {
    static constexpr std::byte ping[] = {std::byte{0x89}, std::byte{1}, std::byte{'t'}};  // an empty pong is not reported
    const std::uint32_t parts = settings_.sweep_ms / LwsLoop::heartbeat_ms;
    for (SocketId socket = ++beats_ % parts; socket < connections_.size(); socket += parts) {
        Connection& connection = connections_[socket];
        if (connection.phase == Phase::open) tell_overhead(socket);
        if (connection.phase != Phase::open || connection.paused) continue;
        const std::uint32_t quiet_ms = ++connection.quiet_sweeps * settings_.sweep_ms;
        if (quiet_ms >= settings_.dead_after_ms) {
            // Who is still taking a large message has nothing to say yet.
            const std::uint64_t before = std::exchange(connection.delivered, tcp_bytes_delivered(connection.fd));
            if (connection.delivered > before)
                connection.quiet_sweeps /= 2;
            else
                kill(connection);
        } else if (quiet_ms >= settings_.ping_after_ms && !connection.pinged && !connection.blocked && !keeps(connection)) {
            connection.pinged = true;
            write(connection, ping, {});
            connection.delivered = tcp_bytes_delivered(connection.fd);
            connection.owes_writable = false;
        }
    }
}

}  // namespace tickrelay
