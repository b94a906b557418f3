// The few socket operations a loop needs, so that a simulator can stand in for the kernel.
// Owner: one loop thread. Nothing here may be called from another thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "relay/address.h"
#include "relay/core/drop.h"

namespace tickrelay {

using SocketId = std::uint32_t;  // a small index, reused after closed()

enum class Sent : std::uint8_t {
    written,  // the kernel has all of it
    kept,     // a part is with the kernel, the rest is kept and goes first; nothing more until writable()
    refused,  // nothing was taken; nothing more until writable()
    closed    // the socket is gone or going; closed() comes or came
};

class Sockets {
  public:
    virtual ~Sockets() = default;

    [[nodiscard]] virtual std::int64_t now_ns() const = 0;  // CLOCK_MONOTONIC, or the simulator's

    // Two spans, one system call. Bytes are complete WebSocket frames. After `kept` or `refused`, SocketEvents::writable() follows once.
    virtual Sent send(SocketId socket, std::span<const std::byte> first, std::span<const std::byte> second) = 0;

    // Sends a close frame with code and "label: detail", then closes. SocketEvents::closed() follows, not within this call.
    virtual void close(SocketId socket, CloseCode code, std::string_view detail) = 0;

    // Stops or resumes reading: the peer's TCP window fills, nothing is lost.
    virtual void pause(SocketId socket, bool paused) = 0;

    // Bytes that have reached the peer's machine, in the connection's life, while others are on their way: what tells a slow line from a dead
    // one. 0: none are, or it is not known.
    [[nodiscard]] virtual std::uint64_t delivered(SocketId socket) const {
        (void)socket;
        return 0;
    }

    [[nodiscard]] virtual const PeerAddress& peer(SocketId socket) const {
        static constexpr PeerAddress nowhere{};
        (void)socket;
        return nowhere;
    }
};

// What happens on sockets, in the loop's own thread.
class SocketEvents {
  public:
    virtual ~SocketEvents() = default;

    virtual void opened(SocketId socket) = 0;  // the WebSocket handshake is done
    // One complete binary message. `message` is 8-byte aligned and valid during the call only.
    virtual void received(SocketId socket, std::span<const std::byte> message) = 0;
    // A text message, or one that is too large: it is closed with this after the call.
    virtual void broken(SocketId socket, const Drop& drop) { (void)socket, (void)drop; }
    // Bytes came that were no part of a message: pings, empty fragments. Told about once a second.
    virtual void overhead(SocketId socket, std::uint64_t bytes) { (void)socket, (void)bytes; }
    virtual void writable(SocketId socket) = 0;  // all that was kept is out; room for more
    virtual void closed(SocketId socket) = 0;    // the id may be reused from here on
};

// The header of an unmasked binary WebSocket message, written before `payload_bytes`; returns its size, 2, 4 or 10.
inline constexpr std::size_t websocket_header_max = 10;
std::size_t write_websocket_header(std::byte* out, std::size_t payload_bytes);

// "label: detail", cut between characters to what a close frame holds.
std::string websocket_close_text(CloseCode code, std::string_view detail);

}  // namespace tickrelay
