// A match server of tools/match-servers as a process, and the tickets that it gave out. Owner: one test.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/e2e/play/child.h"

namespace tickrelay::test {

struct Ticket {
    std::string text;
    std::string url;
};

class MatchServer {
  public:
    // The command's last argument will be the relay's admin socket.
    MatchServer(std::vector<std::string> command, const std::string& admin_path);

    // Player id → ticket, from its first lines; fewer than `count` where it ended or was silent for too long.
    std::map<std::string, Ticket> tickets(std::size_t count);
    // Waits for its end: its exit code, -1 where it had to be killed.
    int ended() { return child_.ended(); }

  private:
    Child child_;
};

}  // namespace tickrelay::test
