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
struct lws_protocols;

namespace tickrelay {

std::int64_t monotonic_ns();  // CLOCK_MONOTONIC

// libwebsockets' warnings, from any of its threads. Peers can provoke them: log them at debug. Set before the first
// open().
void set_lws_log(void (*log)(std::string_view line));

class LwsLoop {
  public:
    static constexpr int handshake_timeout_s = 5;
    static constexpr int heartbeat_ms = 100;
    // libwebsockets sizes tables by the process's limit, 24 bytes a descriptor and context; a container's limit can
    // be 2^30.
    static constexpr std::size_t descriptors_max = 262'144;

    LwsLoop();
    ~LwsLoop();
    LwsLoop(const LwsLoop&) = delete;
    LwsLoop& operator=(const LwsLoop&) = delete;

    // `protocols` must outlive the loop and end with an empty entry; `user` is lws_context_user(). Raises
    // RLIMIT_NOFILE first. False: `error` says what and how to mend it. Open loops one after the other, not from
    // several threads at once.
    bool open(const lws_protocols* protocols, void* user, std::string& error);

    // Takes the socket in any case. nullptr: no memory; it is closed.
    lws* adopt(int fd);

    void on_heartbeat(std::function<void()> beat);
    void watch(int fd, std::function<void()> readable);  // until the end; the callback must read what there is

    // Handles what is ready, without blocking: passes until one finds nothing, at least one, no new one after 1 ms.
    void run_ready();
    // Blocks until something is ready (and handles a part of it), the heartbeat, or about `until_ns`.
    void run_until(std::int64_t until_ns);
    void interrupt();

    lws_context* context() const { return context_; }

  private:
    struct Watchers;
    std::unique_ptr<Watchers> watchers_;
    lws_context* context_ = nullptr;
};

}  // namespace tickrelay
