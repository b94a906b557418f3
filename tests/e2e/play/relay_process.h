// The real program on free loopback ports, in a folder of its own. Owner: one test. Ended by its process id, whatever happens.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tickrelay::test {

inline constexpr std::chrono::seconds long_enough{30};

// Where state schemas of these tests are: a [type.NAME] says schema = "arena.bfbs", or "arena_newer.bfbs" (arena_newer.fbs).
struct RelaySettings {
    std::string configuration{};  // TOML
    std::vector<std::string> arguments{"--dev"};
    std::string listen = "127.0.0.1:0";
};

class RelayProcess {
  public:
    explicit RelayProcess(const RelaySettings& settings = {});
    ~RelayProcess();
    RelayProcess(const RelayProcess&) = delete;
    RelayProcess& operator=(const RelayProcess&) = delete;

    [[nodiscard]] bool ready() const { return ready_; }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::uint16_t ops_port() const { return ops_port_; }
    [[nodiscard]] std::string url() const { return "ws://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] const std::string& folder() const { return folder_; }
    [[nodiscard]] std::string admin() const { return folder_ + "/admin.sock"; }

    // One call on the admin socket: the whole answer line. Empty where there was none.
    [[nodiscard]] std::string call(const std::string& method, const std::string& params) const;
    // A sample of /metrics, labels included in its name: 0 where there is none.
    [[nodiscard]] double metric(const std::string& sample) const;
    [[nodiscard]] std::size_t memory_kib() const;  // VmRSS

    int stop();      // at once; the exit code, -1 where it had to be killed
    int terminate();  // SIGTERM alone, and waits; the exit code, -1 where it had to be killed
    void signal(int number);
    void kill_it();  // as a crash does: nothing is written, nobody is told
    [[nodiscard]] std::string log() const;

  private:
    int wait_for_end();
    void start(const std::vector<std::string>& arguments);
    void read_banner(int output);

    std::string folder_;
    pid_t process_ = -1;
    bool ready_ = false;
    std::uint16_t port_ = 0;
    std::uint16_t ops_port_ = 0;
};

// Waits for a condition; false where it does not come.
bool eventually(const std::function<bool()>& condition, std::chrono::seconds patience = long_enough);

}  // namespace tickrelay::test
