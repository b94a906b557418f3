// One libwebsockets context on one libev loop: what LwsSockets and HttpServer stand on.
// Owner: the thread that runs it. Opened and destroyed by another thread only while that one does not run;
// interrupt() from any.
//
// Every 100 ms a heartbeat signals the context: on a quiet libev loop libwebsockets' own timeouts would not fire.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct lws;
struct lws_context;
struct lws_context_creation_info;
struct lws_protocols;
struct lws_vhost;

namespace tickrelay {

class Tls;

std::int64_t monotonic_ns();  // CLOCK_MONOTONIC

// libwebsockets' warnings, from any of its threads. Peers can provoke them: log them at debug. Set before the first
// open().
void set_lws_log(void (*log)(std::string_view line));

// How many descriptors the process may need, the hard limit permitting; a container's can be 2^30. Set before the first open().
// libwebsockets has a table with 24 bytes for each in every context, and walks it at the end of each connection: no more than needed.
void set_descriptors(std::size_t count);

class LwsLoop {
  public:
    static constexpr int handshake_timeout_s = 5;
    static constexpr int heartbeat_ms = 100;
    LwsLoop();
    ~LwsLoop();
    LwsLoop(const LwsLoop&) = delete;
    LwsLoop& operator=(const LwsLoop&) = delete;

    // `protocols` must outlive the loop and end with an empty entry; `user` is lws_context_user(). Raises
    // RLIMIT_NOFILE first. False: `error` says what and how to mend it. Open loops one after the other, not from
    // several threads at once. tls: adopted connections may be asked to speak TLS; it must outlive the loop.
    bool open(const lws_protocols* protocols, void* user, std::string& error, std::uint32_t handshake_s = handshake_timeout_s, Tls* tls = nullptr);

    // For the protocols' callback, before all else: whether this call was about TLS, and is answered with 0.
    static bool took(int reason, void* session);

    // Takes the socket in any case. nullptr: no memory; it is closed.
    lws* adopt(int fd, bool tls = false);

    void on_heartbeat(std::function<void()> beat);
    void watch(int fd, std::function<void()> readable);  // until the end; the callback must read what there is

    // Handles what is ready, without blocking: passes until one finds nothing, at least one, no new one after 1 ms.
    void run_ready();
    // Blocks until something is ready (and handles a part of it), the heartbeat, or about `until_ns`.
    void run_until(std::int64_t until_ns);
    void interrupt();

    lws_context* context() const { return context_; }

  private:
    bool open_tls(const lws_context_creation_info& plain, Tls& tls);

    struct Watchers;
    std::unique_ptr<Watchers> watchers_;
    lws_context* context_ = nullptr;
    lws_vhost* tls_vhost_ = nullptr;  // the context's
};

}  // namespace tickrelay
