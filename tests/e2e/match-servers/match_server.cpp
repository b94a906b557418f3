#include "tests/e2e/match-servers/match_server.h"

#include <sstream>
#include <utility>

namespace tickrelay::test {
namespace {

std::vector<std::string> with(std::vector<std::string> command, const std::string& last) {
    command.push_back(last);
    return command;
}

}  // namespace

MatchServer::MatchServer(std::vector<std::string> command, const std::string& admin_path) : child_(with(std::move(command), admin_path)) {}

std::map<std::string, Ticket> MatchServer::tickets(std::size_t count) {
    child_.says([&](const std::vector<std::string>& lines) { return lines.size() >= count || !child_.runs(); });
    std::map<std::string, Ticket> tickets;
    for (const std::string& line : child_.lines()) {
        std::istringstream words(line);
        if (std::string player, text, url; words >> player >> text >> url) tickets[player] = {.text = text, .url = url};
    }
    return tickets;
}

}  // namespace tickrelay::test
