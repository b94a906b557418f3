// The admin socket: a poll thread of its own that answers JSON-RPC lines, so that it still answers when a loop is
// stuck. One request at a time, in order of arrival; a client that does not read its answers is not read from.
// A Unix socket, and the same over TCP for other hosts, always in TLS and by certificate, token or both.
// Owner: relay.cpp. start() and stop() by one thread; wake() by any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "relay/door/admin_client.h"
#include "relay/door/controls.h"
#include "relay/door/event_ring.h"
#include "relay/door/rpc.h"

namespace tickrelay {

inline constexpr std::size_t admin_clients_max = 64;         // on the Unix socket, and as many over TCP
inline constexpr std::size_t admin_unknown_max = 16;         // over TCP, of them, that have not said yet who they are
inline constexpr std::int64_t admin_unknown_ms_max = 10'000; // for handshake and token
inline constexpr std::size_t admin_news_bytes = 64 * 1024;  // events waiting for one slow subscriber

// Over TCP. One of the two makes sure of the client: tls asks for certificates, or token_file is not empty.
struct AdminTcp {
    int listener = -1;  // listens, does not block; the caller's
    Tls* tls = nullptr;
    std::string token_file;
};

class AdminSocket {
  public:
    // Both must outlive this. Registers itself for the ring's news: no writer may exist yet.
    AdminSocket(Controls& controls, EventRing& events);
    ~AdminSocket();  // stops
    AdminSocket(const AdminSocket&) = delete;
    AdminSocket& operator=(const AdminSocket&) = delete;

    // Before start(). tcp's listener and TLS must outlive stop().
    void also_over(AdminTcp tcp);
    // Work that is no admin's, on this thread because it mostly sleeps: short. Before start().
    void every(std::chrono::milliseconds interval, std::function<void()> work);

    // Empty path: the contract's place. An error text, or nothing and the socket answers.
    std::optional<std::string> start(const std::string& path);
    void stop();  // closes every client and removes the socket
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    void run();
    [[nodiscard]] int patience_ms(std::int64_t now_ms) const;
    void accept_local();
    void accept_remote(std::int64_t now_ms);
    [[nodiscard]] std::size_t remote_clients() const;
    void forget_unknown(std::int64_t now_ms);
    void serve(AdminClient& client);
    bool become_known(AdminClient& client);
    bool take_token(AdminClient& client, std::string_view line);
    void refused(const AdminClient& client, std::string_view why);
    bool answer_lines(AdminClient& client);
    void wake() const;

    EventRing& events_;
    Rpc rpc_;
    std::string path_;
    int listener_ = -1;
    int wake_ = -1;  // an eventfd: news in the ring, or stop
    int stop_ = -1;  // an eventfd that stays readable
    AdminTcp tcp_;
    TlsContext tls_;
    std::int64_t refused_said_ms_ = 0;
    std::uint64_t refused_unsaid_ = 0;
    std::int64_t interval_ms_ = 0;  // 0: no further work
    std::int64_t work_due_ms_ = 0;
    std::function<void()> work_;
    std::vector<std::unique_ptr<AdminClient>> clients_;
    std::thread thread_;
};

}  // namespace tickrelay
