// One connection to a relay's admin socket, for one program run. Owner: the program's one thread.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>

#include "tools/ctl/remote.h"

namespace tickrelay::ctl {

inline constexpr int exit_clean = 0;
inline constexpr int exit_refused = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_no_relay = 3;

// Ends the program with this code and message: the verbs have nothing to repair.
struct Failure : std::runtime_error {
    Failure(int exit_code, const std::string& message) : std::runtime_error(message), code(exit_code) {}
    int code;
};

class Connection {
  public:
    // Empty: where a relay of this user or of root is. tls://HOST:PORT: over TCP, with `proof`. Throws Failure 3 that says
    // where it looked and what to do.
    explicit Connection(const std::string& path, const Proof& proof = {});
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // The result. Throws Failure 1 where the relay refuses, 3 where it is silent for 15 s or goes away.
    nlohmann::json call(const std::string& method, const nlohmann::json& params);

    // The next line that is no answer; waits without end. Throws Failure 3 where the relay goes away.
    nlohmann::json next_notification();

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] int peer_pid() const;  // the relay's, 0 where the kernel does not say

  private:
    void prove(const std::string& token_file);
    [[nodiscard]] bool send_all(const std::string& text);
    std::string line(int timeout_ms);
    [[noreturn]] void give_up(const std::string& what) const;

    int fd_ = -1;  // of a Unix socket; -1: remote_
    std::unique_ptr<Remote> remote_;
    std::string path_;
    std::string in_;
    int last_id_ = 0;
};

}  // namespace tickrelay::ctl
