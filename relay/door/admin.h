// The admin socket: a poll thread of its own that answers JSON-RPC lines, so that it still answers when a loop is
// stuck. One request at a time, in order of arrival; a client that does not read its answers is not read from.
// Owner: relay.cpp. start() and stop() by one thread; wake() by any.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "relay/door/controls.h"
#include "relay/door/event_ring.h"
#include "relay/door/rpc.h"

namespace tickrelay {

inline constexpr std::size_t admin_line_bytes_max = 1024 * 1024;
inline constexpr std::size_t admin_clients_max = 64;
inline constexpr std::size_t admin_news_bytes = 64 * 1024;  // events waiting for one slow subscriber

class AdminSocket {
  public:
    // Both must outlive this. Registers itself for the ring's news: no writer may exist yet.
    AdminSocket(Controls& controls, EventRing& events);
    ~AdminSocket();  // stops
    AdminSocket(const AdminSocket&) = delete;
    AdminSocket& operator=(const AdminSocket&) = delete;

    // Empty path: the contract's place. An error text, or nothing and the socket answers.
    std::optional<std::string> start(const std::string& path);
    void stop();  // closes every client and removes the socket
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    struct Client;

    void run();
    void accept_clients();
    void serve(Client& client);
    bool read_lines(Client& client);
    bool answer_lines(Client& client);
    bool write_out(Client& client);
    void wake() const;

    EventRing& events_;
    Rpc rpc_;
    std::string path_;
    int listener_ = -1;
    int wake_ = -1;  // an eventfd: news in the ring, or stop
    int stop_ = -1;  // an eventfd that stays readable
    std::vector<std::unique_ptr<Client>> clients_;
    std::thread thread_;
};

}  // namespace tickrelay
