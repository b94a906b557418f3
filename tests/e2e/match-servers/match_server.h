// A match server of tools/match-servers as a process, and the tickets that it gave out. Owner: one test. Ended by its process id.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace tickrelay::test {

struct Ticket {
    std::string text;
    std::string url;
};

class MatchServer {
  public:
    // The command's last argument will be the relay's admin socket.
    MatchServer(std::vector<std::string> command, const std::string& admin_path);
    ~MatchServer();
    MatchServer(const MatchServer&) = delete;
    MatchServer& operator=(const MatchServer&) = delete;

    // Player id → ticket, from its first lines; fewer than `count` where it ended or was silent for too long.
    std::map<std::string, Ticket> tickets(std::size_t count);
    // Waits for its end: its exit code, -1 where it had to be killed.
    int ended();

  private:
    bool read_more();

    pid_t process_ = -1;
    int output_ = -1;
    std::string said_;
};

}  // namespace tickrelay::test
