#include "tests/e2e/play/relay_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include "tests/e2e/websocket/raw_client.h"

namespace tickrelay::test {
namespace {

std::string new_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tickrelay-play-XXXXXX").string();
    return mkdtemp(name.data()) == nullptr ? std::string() : name;
}

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// "  players     ws://127.0.0.1:PORT/v1", "  operations  http://127.0.0.1:PORT/dashboard, …"
std::uint16_t port_of(const std::string& banner, const std::string& name) {
    const std::size_t line = banner.find("\n  " + name + " ");
    const std::size_t colon = line == std::string::npos ? line : banner.find("127.0.0.1:", line);
    return colon == std::string::npos ? 0 : static_cast<std::uint16_t>(std::atoi(banner.c_str() + colon + 10));
}

}  // namespace

bool eventually(const std::function<bool()>& condition, std::chrono::seconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

RelayProcess::RelayProcess(const RelaySettings& settings) : folder_(new_folder()) {
    std::filesystem::create_symlink(TICKRELAY_ARENA_SCHEMA, folder_ + "/arena.bfbs");
    std::filesystem::create_symlink(TICKRELAY_ARENA_NEWER_SCHEMA, folder_ + "/arena_newer.bfbs");
    std::ofstream(folder_ + "/relay.toml") << settings.configuration;
    std::vector<std::string> arguments{TICKRELAY_PROGRAM, "--config", folder_ + "/relay.toml", "--listen", settings.listen,
                                       "--ops-listen", "127.0.0.1:0", "--admin", admin()};
    arguments.insert(arguments.end(), settings.arguments.begin(), settings.arguments.end());
    start(arguments);
}

void RelayProcess::start(const std::vector<std::string>& arguments) {
    int output[2];
    if (pipe2(output, O_CLOEXEC) != 0) return;
    const int log = open((folder_ + "/relay.log").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    process_ = fork();
    if (process_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves nothing running
        dup2(output[1], STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        execv(argv[0], argv.data());
        _exit(127);
    }
    close(output[1]);
    close(log);
    read_banner(output[0]);
    close(output[0]);
}

void RelayProcess::read_banner(int output) {
    std::string banner;
    char part[4096];
    while (banner.find("tickrelay is ready\n") == std::string::npos) {
        pollfd readable{output, POLLIN, 0};
        const auto patience_ms = std::chrono::milliseconds(long_enough).count();
        if (poll(&readable, 1, static_cast<int>(patience_ms)) <= 0) return;
        const ssize_t bytes = read(output, part, sizeof part);
        if (bytes <= 0) return;
        banner.append(part, static_cast<std::size_t>(bytes));
    }
    port_ = port_of(banner, "players");
    ops_port_ = port_of(banner, "operations");
    ready_ = port_ != 0 && ops_port_ != 0;
}

int RelayProcess::stop() {
    if (process_ <= 0) return -1;
    kill(process_, SIGTERM);
    kill(process_, SIGINT);  // a second signal, of another kind so that both are seen: now, whoever is playing
    return wait_for_end();
}

int RelayProcess::terminate() {
    if (process_ <= 0) return -1;
    kill(process_, SIGTERM);
    return wait_for_end();
}

void RelayProcess::signal(int number) {
    if (process_ > 0) kill(process_, number);
}

int RelayProcess::wait_for_end() {
    int status = 0;
    if (!eventually([&] { return waitpid(process_, &status, WNOHANG) == process_; })) {
        kill(process_, SIGKILL);
        waitpid(process_, &status, 0);
    }
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void RelayProcess::kill_it() {
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    process_ = -1;
}

std::string RelayProcess::log() const { return text_of(folder_ + "/relay.log"); }

RelayProcess::~RelayProcess() {
    const bool ran = process_ > 0;
    const int code = stop();
    if (ran && ready_) {
        EXPECT_EQ(code, 0) << "the relay's exit code";
    }
    if (::testing::Test::HasFailure()) std::cerr << "---- the relay's log\n" << text_of(folder_ + "/relay.log") << "----\n";
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string RelayProcess::call(const std::string& method, const std::string& params) const {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, admin().c_str(), sizeof address.sun_path - 1);
    std::string answer;
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        const std::string line = std::string(R"({"jsonrpc":"2.0","id":1,"method":")") + method + R"(","params":)" + params + "}\n";
        if (send(fd, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size())) {
            char part[16 * 1024];
            while (answer.find('\n') == std::string::npos) {
                const ssize_t bytes = recv(fd, part, sizeof part, 0);
                if (bytes <= 0) break;
                answer.append(part, static_cast<std::size_t>(bytes));
            }
        }
    }
    close(fd);
    return answer;
}

double RelayProcess::metric(const std::string& sample) const {
    RawClient http(ops_port_);
    if (!http.write("GET /metrics HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n")) return 0;
    const std::string page = "\n" + http.read_http();
    const std::size_t at = page.find("\n" + sample + " ");
    return at == std::string::npos ? 0 : std::atof(page.c_str() + at + sample.size() + 2);
}

std::size_t RelayProcess::memory_kib() const {
    std::ifstream status("/proc/" + std::to_string(process_) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return static_cast<std::size_t>(std::atoll(line.c_str() + 6));
    return 0;
}

}  // namespace tickrelay::test
