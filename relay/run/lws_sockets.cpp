#include "relay/run/lws_sockets.h"

#include <libwebsockets.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "relay/core/check.h"
#include "relay/run/proxy_waits.h"

namespace tickrelay {
namespace {

// One recv() reads this much; it is also memory of every connection. Larger messages arrive in pieces.
constexpr std::size_t receive_bytes = 512;
constexpr std::size_t rest_bytes = 64 * 1024;  // libwebsockets writes at most this much of a kept rest at once
constexpr std::size_t spare_max = 16;
constexpr std::uint8_t wary_writes = 64;
constexpr std::size_t frame_overhead_bytes = 64;     // with each message: WebSocket's header, TLS's record
constexpr std::size_t piece_overhead_bytes = 8;      // ... and with each other piece of it that is read

int callback(lws* wsi, lws_callback_reasons reason, void* session, void* in, std::size_t bytes) {
    auto* sockets = static_cast<LwsSockets*>(lws_context_user(lws_get_context(wsi)));
    return sockets ? sockets->on_callback(wsi, reason, session, in, bytes) : 0;
}

const lws_protocols* protocols() {
    static lws_protocols list[3]{};
    list[0].name = "no subprotocol";  // before an upgrade. No header can name it: a blank ends a token
    list[0].callback = callback;
    list[0].per_session_data_size = LwsHttp::session_bytes;
    list[0].tx_packet_size = rest_bytes;
    list[1].name = websocket_subprotocol;
    list[1].callback = callback;
    list[1].rx_buffer_size = receive_bytes;
    list[1].tx_packet_size = rest_bytes;
    return list;
}

HttpResponse not_found(const HttpRequest&) { return {.status = 404, .body = "not found\n"}; }

void* as_opaque(SocketId socket) { return reinterpret_cast<void*>(std::uintptr_t{socket} + 1); }

}  // namespace

LwsSockets::LwsSockets(SocketSettings settings)
    : settings_(std::move(settings)),
      handshakes_(settings_.handshake_timeout_s, settings_.newer_handshakes_max),
      http_(settings_.http ? settings_.http : HttpHandler(not_found)),
      aligned_(settings_.message_bytes_max / sizeof(std::uint64_t) + 1) {
    CHECK(settings_.sweep_ms >= LwsLoop::heartbeat_ms);
    loop_.on_heartbeat([this] {
        end_handshakes();
        take_back_timers();
        sweep();
    });
}

LwsSockets::~LwsSockets() { destroying_ = true; }

bool LwsSockets::open(std::string& error) { return loop_.open(protocols(), this, error, settings_.handshake_timeout_s, settings_.tls); }

void LwsSockets::deliver_to(SocketEvents& events) { events_ = &events; }

void LwsSockets::begin(const Accepted& accepted) {
    CHECK(events_);
    const SocketId socket = take_slot();
    try {
        connections_[socket].number = handshakes_.begin(socket, monotonic_ns());
    } catch (const std::bad_alloc&) {
        free_.push_back(socket);
        throw;
    }
    Connection& connection = connections_[socket];
    connection.phase = Phase::handshake;
    connection.fd = accepted.fd;
    connection.peer = accepted.peer;
    connection.tls = accepted.tls;
    ++adopted_;
    connection.proxied = sends_proxy_header(accepted.fd);
    if (connection.proxied) {
        ::close(accepted.fd);
        return release(socket);
    }
    lws* wsi = loop_.adopt(accepted.fd, accepted.tls);
    if (!wsi) return release(socket);
    connection.wsi = wsi;
    lws_set_opaque_user_data(wsi, as_opaque(socket));
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
    end_handshakes();
}

void LwsSockets::end_handshakes() {
    while (const auto due = handshakes_.due(monotonic_ns()))
        if (unfinished(*due)) lws_set_timeout(connections_[due->socket].wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

// libwebsockets' timers are a sorted list, walked at each insertion: those of thousands of half handshakes would cost a core. Each
// begin of a request sets one again.
void LwsSockets::take_back_timers() {
    for (const Handshakes::Begun& begun : handshakes_.all())
        if (unfinished(begun)) lws_set_timeout(connections_[begun.socket].wsi, NO_PENDING_TIMEOUT, 0);
}

const PeerAddress& LwsSockets::peer(SocketId socket) const { return connections_[socket].peer; }

int LwsSockets::descriptor(SocketId socket) const { return connections_[socket].fd; }

// Nothing may be thrown through libwebsockets: where there is no memory the connection ends, and no other.
int LwsSockets::on_callback(lws* wsi, int reason, void* session, void* in, std::size_t bytes) {
    try {
        return dispatch(wsi, reason, session, in, bytes);
    } catch (const std::bad_alloc&) {
        const auto opaque = wsi != nullptr ? reinterpret_cast<std::uintptr_t>(lws_get_opaque_user_data(wsi)) : 0;
        if (reason != LWS_CALLBACK_RECEIVE || opaque == 0) return -1;
        return refuse(static_cast<SocketId>(opaque - 1), {CloseCode::overloaded, "no memory"});
    }
}

int LwsSockets::dispatch(lws* wsi, int reason, void* session, void* in, std::size_t bytes) {
    if (LwsLoop::took(reason, session)) return 0;
    if (reason == LWS_CALLBACK_HTTP_CONFIRM_UPGRADE) return confirm(wsi);
    if (reason == LWS_CALLBACK_RAW_ADOPT || reason == LWS_CALLBACK_RAW_CONNECTED) return -1;  // CONNECT
    const auto opaque = wsi ? reinterpret_cast<std::uintptr_t>(lws_get_opaque_user_data(wsi)) : 0;
    if (opaque == 0 || destroying_) {
        return reason == LWS_CALLBACK_CLOSED_HTTP ? http_.handle(wsi, reason, session, in, bytes) : 0;
    }
    const auto socket = static_cast<SocketId>(opaque - 1);
    Connection& connection = connections_[socket];
    switch (reason) {
        case LWS_CALLBACK_ESTABLISHED: return established(socket);
        case LWS_CALLBACK_RECEIVE: return receive(socket, static_cast<const std::byte*>(in), bytes);
        case LWS_CALLBACK_RECEIVE_PONG: heard(connection); return 0;
        case LWS_CALLBACK_SERVER_WRITEABLE: return writable(socket);
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:  // libwebsockets answers it and closes
        case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:  // libwebsockets has begun to close
            if (connection.phase == Phase::open) connection.phase = Phase::gone;
            return 0;
        case LWS_CALLBACK_CLOSED: closed(socket); return 0;
        case LWS_CALLBACK_WSI_DESTROY: release(socket); return 0;
        case LWS_CALLBACK_HTTP: return request(wsi, connection, session, in, bytes);
        default: return http_.handle(wsi, reason, session, in, bytes);
    }
}

void LwsSockets::heard(Connection& connection) {
    connection.quiet_sweeps = 0;
    connection.pinged = false;
}

void LwsSockets::closed(SocketId socket) {
    Connection& connection = connections_[socket];
    connection.phase = Phase::gone;
    if (connection.opened) events_->closed(socket);
    connection.opened = false;
}

int LwsSockets::request(lws* wsi, Connection& connection, void* session, void* in, std::size_t bytes) {
    connection.proxied = has_proxy_line(wsi);
    connection.answered = !connection.proxied;
    return connection.proxied ? -1 : http_.handle(wsi, LWS_CALLBACK_HTTP, session, in, bytes);
}

int LwsSockets::confirm(lws* wsi) {
    bool forbidden = false;
    const bool proxied = has_proxy_line(wsi);
    const int verdict = proxied ? -1 : confirm_upgrade(wsi, settings_.allows_origin, forbidden);
    const auto opaque = reinterpret_cast<std::uintptr_t>(lws_get_opaque_user_data(wsi));
    if (opaque == 0) return verdict;
    Connection& connection = connections_[opaque - 1];
    connection.proxied = proxied;
    connection.answered = forbidden;  // an upgrade after an answered request counts, too
    if (forbidden && settings_.refused) settings_.refused(connection.peer, BadHandshake::origin);
    return verdict;
}

int LwsSockets::receive(SocketId socket, const std::byte* in, std::size_t bytes) {
    Connection& connection = connections_[socket];
    heard(connection);
    const bool complete = lws_is_final_fragment(connection.wsi);
    // Little where its message goes on: small fragments would hide pings.
    if (bytes != 0) connection.counted += bytes + (complete ? frame_overhead_bytes : std::min(piece_overhead_bytes, bytes));
    if (connection.phase != Phase::open) return 0;
    if (!lws_frame_is_binary(connection.wsi)) {
        return refuse(socket, {CloseCode::protocol_error, "text message"});
    }
    // What is still to come of this frame is known: an oversized message ends here, before it is stored.
    const std::size_t coming = lws_remaining_packet_payload(connection.wsi);
    const std::size_t have = connection.partial.size() + bytes;
    if (coming > settings_.message_bytes_max || have + coming > settings_.message_bytes_max) {
        return refuse(socket, {CloseCode::message_too_large, ""});
    }
    if (complete && connection.partial.empty()) {
        deliver(socket, in, bytes);
        return 0;
    }
    if (connection.partial.capacity() == 0) {
        if (spare_.empty()) {
            connection.partial.reserve(settings_.message_bytes_max);
        } else {
            connection.partial = std::move(spare_.back());
            spare_.pop_back();
        }
    }
    connection.partial.insert(connection.partial.end(), in, in + bytes);
    if (!complete) return 0;
    // Moved out first: the receiver may close this connection.
    std::vector<std::byte> message = std::move(connection.partial);
    connection.partial = {};
    deliver(socket, message.data(), message.size());
    message.clear();
    if (spare_.size() < spare_max) spare_.push_back(std::move(message));
    return 0;
}

void LwsSockets::deliver(SocketId socket, const std::byte* message, std::size_t bytes) {
    if (reinterpret_cast<std::uintptr_t>(message) % sizeof(std::uint64_t) != 0) {
        std::memcpy(aligned_.data(), message, bytes);
        message = reinterpret_cast<const std::byte*>(aligned_.data());
    }
    events_->received(socket, {message, bytes});
}

int LwsSockets::writable(SocketId socket) {
    Connection& connection = connections_[socket];
    if (connection.phase == Phase::closing) {
        // Only here, with nothing kept: returning -1 while something is, libwebsockets would leave out the close frame.
        lws_close_reason(connection.wsi, static_cast<lws_close_status>(connection.close_code),
                         reinterpret_cast<unsigned char*>(connection.close_text.data()), connection.close_text.size());
        connection.phase = Phase::gone;  // once: a second -1 would end the connection before the peer has answered
        return -1;
    }
    connection.blocked = false;
    if (connection.phase == Phase::open && connection.owes_writable) {
        connection.owes_writable = false;
        events_->writable(socket);
    }
    return 0;
}

Sent LwsSockets::send(SocketId socket, std::span<const std::byte> first, std::span<const std::byte> second) {
    Connection& connection = connections_[socket];
    if (connection.phase != Phase::open) return Sent::closed;
    if (!connection.blocked && !lws_partial_buffered(connection.wsi)) return write(connection, first, second);
    connection.owes_writable = true;
    return block(connection, Sent::refused);
}

// The one place that knows how bytes reach a connection.
Sent LwsSockets::write(Connection& connection, std::span<const std::byte> first, std::span<const std::byte> second) {
    if (connection.tls) return write_tls(connection, first, second);
    iovec parts[2] = {{const_cast<std::byte*>(first.data()), first.size()},
                      {const_cast<std::byte*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = second.empty() ? 1 : 2;
    constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    const ssize_t sent = first.empty() ? ::send(connection.fd, second.data(), second.size(), flags)
                                       : sendmsg(connection.fd, &message, flags);
    if (sent == static_cast<ssize_t>(first.size() + second.size())) return Sent::written;
    if (sent < 0) {
        if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) {
            connection.owes_writable = true;
            return block(connection, Sent::refused);
        }
        kill(connection);
        return Sent::closed;
    }
    const auto taken = static_cast<std::size_t>(sent);
    const Sent result = keep(connection, first.subspan(std::min(taken, first.size())),
                             second.subspan(taken > first.size() ? taken - first.size() : 0));
    connection.owes_writable = result == Sent::kept;
    return result;
}

// In one piece: a record each. What is encrypted must go out: OpenSSL takes it even where the kernel is full. So a
// connection that was full lately is asked first, as send() would, which costs a system call.
Sent LwsSockets::write_tls(Connection& connection, std::span<const std::byte> first, std::span<const std::byte> second) {
    if (connection.wary > 0) {
        pollfd full{connection.fd, POLLOUT, 0};
        if (poll(&full, 1, 0) == 0) {
            connection.owes_writable = true;
            return block(connection, Sent::refused);
        }
        --connection.wary;
    }
    if (!first.empty() && !second.empty()) {
        joined_.assign(first.begin(), first.end());
        joined_.insert(joined_.end(), second.begin(), second.end());
        first = joined_;
        second = {};
    }
    const auto bytes = first.empty() ? second : first;
    if (lws_write(connection.wsi, reinterpret_cast<unsigned char*>(const_cast<std::byte*>(bytes.data())), bytes.size(), LWS_WRITE_HTTP) < 0) {
        kill(connection);
        return Sent::closed;
    }
    if (!lws_partial_buffered(connection.wsi)) return Sent::written;
    connection.wary = wary_writes;
    connection.owes_writable = true;
    return block(connection, Sent::kept);
}

// libwebsockets passes LWS_WRITE_HTTP verbatim, copies what the kernel does not take, and sends it before anything
// else.
Sent LwsSockets::keep(Connection& connection, std::span<const std::byte> first, std::span<const std::byte> second) {
    for (const auto part : {first, second}) {
        if (part.empty()) continue;
        auto* bytes = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(part.data()));
        if (lws_write(connection.wsi, bytes, part.size(), LWS_WRITE_HTTP) < 0) {
            kill(connection);
            return Sent::closed;
        }
    }
    return block(connection, Sent::kept);
}

Sent LwsSockets::block(Connection& connection, Sent sent) {
    connection.blocked = true;
    lws_callback_on_writable(connection.wsi);
    return sent;
}

int LwsSockets::refuse(SocketId socket, const Drop& drop) {
    events_->broken(socket, drop);
    close(socket, drop.code, drop.detail);
    return 0;
}

void LwsSockets::close(SocketId socket, CloseCode code, std::string_view detail) {
    Connection& connection = connections_[socket];
    if (connection.phase != Phase::open) return;
    connection.phase = Phase::closing;
    connection.close_code = code;
    try {
        connection.close_text = websocket_close_text(code, detail);
    } catch (const std::bad_alloc&) {  // the code says enough
        connection.close_text.clear();
    }
    if (connection.paused) lws_rx_flow_control(connection.wsi, 1);  // its answer must be read
    lws_set_timeout(connection.wsi, PENDING_TIMEOUT_USER_REASON_BASE, settings_.close_timeout_s);
    lws_callback_on_writable(connection.wsi);
}

void LwsSockets::pause(SocketId socket, bool paused) {
    Connection& connection = connections_[socket];
    if (connection.phase != Phase::open || connection.paused == paused) return;
    connection.paused = paused;
    connection.quiet_sweeps = 0;
    lws_rx_flow_control(connection.wsi, paused ? 0 : 1);
}

bool LwsSockets::keeps(const Connection& connection) { return lws_partial_buffered(connection.wsi) != 0; }

// Closes without a frame, by libwebsockets' timer: never within the caller's call.
void LwsSockets::kill(Connection& connection) {
    connection.phase = Phase::gone;
    lws_set_timeout(connection.wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

}  // namespace tickrelay
