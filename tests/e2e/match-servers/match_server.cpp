#include "tests/e2e/match-servers/match_server.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "tests/e2e/play/relay_process.h"

namespace tickrelay::test {

MatchServer::MatchServer(std::vector<std::string> command, const std::string& admin_path) {
    command.push_back(admin_path);
    std::vector<char*> argv;
    for (std::string& argument : command) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int output[2];
    if (pipe2(output, O_CLOEXEC) != 0) return;
    process_ = fork();
    if (process_ == 0) {
        setpgid(0, 0);  // `go run` has a child of its own
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(output[1], STDOUT_FILENO);
        execvp(argv[0], argv.data());
        _exit(127);
    }
    close(output[1]);
    output_ = output[0];
}

MatchServer::~MatchServer() {
    if (process_ > 0) {
        kill(-process_, SIGKILL);
        waitpid(process_, nullptr, 0);
    }
    close(output_);
}

bool MatchServer::read_more() {
    pollfd readable{output_, POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(std::chrono::milliseconds(long_enough).count())) <= 0) return false;
    char part[4096];
    const ssize_t bytes = read(output_, part, sizeof part);
    if (bytes <= 0) return false;
    said_.append(part, static_cast<std::size_t>(bytes));
    return true;
}

std::map<std::string, Ticket> MatchServer::tickets(std::size_t count) {
    while (std::ranges::count(said_, '\n') < static_cast<std::ptrdiff_t>(count) && read_more()) {}
    std::map<std::string, Ticket> tickets;
    std::istringstream lines(said_);
    for (std::string player, text, url; lines >> player >> text >> url;) tickets[player] = {.text = text, .url = url};
    return tickets;
}

int MatchServer::ended() {
    int status = 0;
    if (!eventually([&] { return waitpid(process_, &status, WNOHANG) == process_; })) return -1;
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace tickrelay::test
