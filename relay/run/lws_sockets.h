// The loop's sockets on libwebsockets: players' WebSocket connections of one loop thread.
// Owner: the loop thread; built, opened, bound and destroyed by another one while that thread does not run.
//
// A connection lives from adopt() to `released`; its SocketId is its index. SocketEvents sees it from the finished
// handshake (opened) to the end of the TCP connection (closed); between close() and closed() nothing else is
// reported. A paused connection is not read, so it is not checked for silence either. Unmasked client frames are
// taken like masked ones: libwebsockets does not tell.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "relay/core/limits.h"
#include "relay/run/accepted.h"
#include "relay/run/guard.h"
#include "relay/run/handshakes.h"
#include "relay/run/lws_http.h"
#include "relay/run/lws_loop.h"
#include "relay/run/sockets.h"

namespace tickrelay {

// A kernel that holds more unsent bytes than this says it is full: what is not sent can still be replaced by
// something newer.
inline constexpr int unsent_bytes_max = 4 * 1024;

struct SocketSettings {
    std::size_t message_bytes_max = limits::message_bytes_max;
    std::uint32_t ping_after_ms = 10'000;  // nothing heard
    std::uint32_t dead_after_ms = 25'000;  // nothing heard: closed without a close frame; counted in steps of sweep_ms
    std::uint32_t sweep_ms = 1'000;        // a multiple of LwsLoop::heartbeat_ms
    int close_timeout_s = 5;               // for a peer that takes neither its data nor its close frame
    Tls* tls = nullptr;                    // for connections that are accepted for it; must outlive the sockets
    HttpHandler http;                      // requests that are no upgrade; without it 404
    std::uint32_t handshake_timeout_s = LwsLoop::handshake_timeout_s;
    std::size_t newer_handshakes_max = 2'048;  // an unfinished one ends behind so many younger ones: half a second of a flood
    // Whether a page of this origin may connect, empty where a peer names none; without it all may. On the loop's thread.
    std::function<bool(std::string_view origin)> allows_origin;
    // A handshake that ended badly.
    std::function<void(const PeerAddress&, BadHandshake why)> refused;
    // The descriptor of an adopted connection is closed. On the loop's thread, once for each.
    std::function<void(const PeerAddress&)> released;
};

class LwsSockets final : public Sockets {
  public:
    explicit LwsSockets(SocketSettings settings = {});
    ~LwsSockets() override;  // closes all at once, without close frames and without closed()

    bool open(std::string& error);          // see LwsLoop::open
    void deliver_to(SocketEvents& events);  // before the first adopt()

    void adopt(const Accepted& accepted);  // takes the descriptor
    const PeerAddress& peer(SocketId socket) const override;
    int descriptor(SocketId socket) const;
    std::size_t adopted() const { return adopted_; }

    std::int64_t now_ns() const override { return monotonic_ns(); }
    Sent send(SocketId socket, std::span<const std::byte> first, std::span<const std::byte> second) override;
    void close(SocketId socket, CloseCode code, std::string_view detail) override;
    void pause(SocketId socket, bool paused) override;
    std::uint64_t delivered(SocketId socket) const override;

    LwsLoop& loop() { return loop_; }
    int on_callback(lws* wsi, int reason, void* session, void* in, std::size_t bytes);  // libwebsockets' only

  private:
    enum class Phase : std::uint8_t { free, handshake, open, closing, gone };

    struct Connection {
        lws* wsi = nullptr;
        int fd = -1;
        Phase phase = Phase::free;
        bool opened = false;   // closed() is due
        bool blocked = false;  // nothing is written until libwebsockets says writable
        bool owes_writable = false;
        bool paused = false;
        bool pinged = false;
        bool tls = false;
        std::uint8_t wary = 0;           // writes over TLS before which the kernel is asked
        bool answered = false;           // an HTTP request: no player's, and no fault
        bool proxied = false;            // a PROXY header that nobody may believe
        std::uint64_t counted = 0;       // bytes of messages and what goes with them, since overhead was last told
        std::uint64_t read_before = 0;   // then, by the kernel's count
        std::uint64_t number = 0;        // of its handshake
        std::uint32_t quiet_sweeps = 0;  // since something was heard
        std::uint64_t delivered = 0;     // when that was last too long
        PeerAddress peer{};
        std::vector<std::byte> partial;  // a message whose end has not come
        CloseCode close_code = CloseCode::normal;
        std::string close_text;
    };

    SocketId take_slot();
    void begin(const Accepted& accepted);
    int dispatch(lws* wsi, int reason, void* session, void* in, std::size_t bytes);
    void end_handshakes();
    void take_back_timers();
    [[nodiscard]] bool unfinished(const Handshakes::Begun& begun) const;
    void release(SocketId socket);
    int established(SocketId socket);
    int refuse(SocketId socket, const Drop& drop);
    int receive(SocketId socket, const std::byte* in, std::size_t bytes);
    void deliver(SocketId socket, const std::byte* message, std::size_t bytes);
    int writable(SocketId socket);
    void heard(Connection& connection);
    void closed(SocketId socket);
    Sent write(Connection& connection, std::span<const std::byte> first, std::span<const std::byte> second);
    Sent write_tls(Connection& connection, std::span<const std::byte> first, std::span<const std::byte> second);
    Sent block(Connection& connection, Sent sent);
    Sent keep(Connection& connection, std::span<const std::byte> first, std::span<const std::byte> second);
    void kill(Connection& connection);
    static bool keeps(const Connection& connection);  // a rest that libwebsockets has yet to write
    void sweep();  // one part of the connections: a second's work is spread over its heartbeats
    void tell_overhead(SocketId socket);
    int confirm(lws* wsi);
    int request(lws* wsi, Connection& connection, void* session, void* in, std::size_t bytes);

    SocketSettings settings_;
    Handshakes handshakes_;
    LwsHttp http_;
    SocketEvents* events_ = nullptr;
    std::vector<Connection> connections_;
    std::vector<SocketId> free_;
    std::size_t adopted_ = 0;
    std::vector<std::vector<std::byte>> spare_;  // storage of partial messages, to be used again
    std::vector<std::uint64_t> aligned_;         // the message that is being delivered
    std::vector<std::byte> joined_;              // what goes into TLS at once
    std::uint32_t beats_ = 0;
    bool destroying_ = false;
    LwsLoop loop_;  // last: its end calls back
};

}  // namespace tickrelay
