#include "tests/e2e/play/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/play/relay_process.h"

namespace tickrelay::test {

Child::Child(std::vector<std::string> command) {
    std::vector<char*> argv;
    for (std::string& argument : command) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int output[2];
    if (pipe2(output, O_CLOEXEC) != 0) return;
    process_ = fork();
    if (process_ == 0) {
        setpgid(0, 0);  // it may have children of its own, as `go run` has
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(output[1], STDOUT_FILENO);
        execvp(argv[0], argv.data());
        _exit(127);
    }
    setpgid(process_, process_);  // whoever is first: its group is there when it is ended
    close(output[1]);
    output_ = output[0];
    fcntl(output_, F_SETFL, O_NONBLOCK);
}

Child::~Child() {
    end();
    close(output_);
}

const std::vector<std::string>& Child::lines() {
    char bytes[16 * 1024];
    for (ssize_t got = 0; (got = read(output_, bytes, sizeof bytes)) > 0;) part_.append(bytes, static_cast<std::size_t>(got));
    for (std::size_t end = 0; (end = part_.find('\n')) != std::string::npos; part_.erase(0, end + 1)) lines_.push_back(part_.substr(0, end));
    return lines_;
}

bool Child::says(const std::function<bool(const std::vector<std::string>&)>& enough) {
    return eventually([&] { return enough(lines()); });
}

bool Child::runs() {
    if (process_ > 0 && waitpid(process_, &status_, WNOHANG) == process_) process_ = -1;
    return process_ > 0;
}

void Child::signal(int number) {
    if (runs()) kill(process_, number);
}

void Child::end() {
    if (!runs()) return;
    kill(-process_, SIGKILL);
    waitpid(process_, &status_, 0);
    process_ = -1;
}

int Child::ended() {
    if (!eventually([this] { return !runs(); })) end();
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
}

}  // namespace tickrelay::test
