// How a connection begins and ends: its slot, its handshake, what is no handshake.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <new>

#include "relay/run/lws_sockets.h"
#include "relay/run/tcp_bytes.h"

namespace tickrelay {

SocketId LwsSockets::take_slot() {
    if (free_.empty()) {
        if (free_.capacity() <= connections_.size()) free_.reserve(connections_.size() * 2 + 16);  // release() must not want memory
        connections_.emplace_back();
        free_.push_back(static_cast<SocketId>(connections_.size() - 1));
    }
    const SocketId socket = free_.back();
    free_.pop_back();
    return socket;
}

void LwsSockets::adopt(const Accepted& accepted) {
    try {
        begin(accepted);
    } catch (const std::bad_alloc&) {  // nothing is of it yet but its descriptor
        ::close(accepted.fd);
        if (settings_.refused) settings_.refused(accepted.peer, BadHandshake::no_memory);
        if (settings_.released) settings_.released(accepted.peer);
    }
}

bool LwsSockets::unfinished(const Handshakes::Begun& begun) const {
    const Connection& connection = connections_[begun.socket];
    return connection.number == begun.number && connection.phase == Phase::handshake && !connection.answered;
}

void LwsSockets::release(SocketId socket) {
    Connection& connection = connections_[socket];
    const PeerAddress peer = connection.peer;
    const bool failed = connection.phase == Phase::handshake && !connection.answered;
    const BadHandshake why = connection.proxied ? BadHandshake::proxy_header : BadHandshake::unfinished;
    connection = {};
    free_.push_back(socket);
    --adopted_;
    if (destroying_) return;
    if (settings_.released) settings_.released(peer);
    if (failed && settings_.refused) settings_.refused(peer, why);
}

int LwsSockets::established(SocketId socket) {
    Connection& connection = connections_[socket];
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_bytes_max, sizeof unsent_bytes_max);
    connection.phase = Phase::open;
    connection.opened = true;
    connection.read_before = tcp_bytes_read(connection.fd);
    events_->opened(socket);
    return 0;
}

}  // namespace tickrelay
