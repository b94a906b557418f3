// The program: configure, start, say where everything is, wait for signals.

#include <openssl/crypto.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <ctime>

#include "relay/config.h"
#include "relay/log.h"
#include "relay/logics.h"
#include "relay/relay.h"

namespace tickrelay {

namespace {

sigset_t handled_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
    return signals;
}

void print_banner(const Relay& relay, const Options& options) {
    std::printf("tickrelay %.*s%s\n", static_cast<int>(version().size()), version().data(), options.dev ? " (--dev: everyone may join)" : "");
    std::printf("  players     %s\n", relay.player_url().c_str());
    if (const std::string demo = relay.demo_url(); !demo.empty()) std::printf("  demo        %s\n", demo.c_str());
    std::printf("  operations  %s/dashboard, /metrics, /healthz, /readyz\n", relay.ops_url().c_str());
    std::printf("  admin       %s\n", relay.admin().c_str());
    if (const std::string remote = relay.admin_tcp(); !remote.empty()) std::printf("              tls://%s\n", remote.c_str());
    std::printf("tickrelay is ready\n");
    std::fflush(stdout);
}

void reload(Relay& relay, Options& options, const std::vector<std::string>& arguments) {
    const auto flags = parse_flags(arguments);
    const auto fresh = load_config(std::get<Flags>(flags), read_environment());
    if (const auto* errors = std::get_if<ConfigErrors>(&fresh)) {
        for (const std::string& error : *errors) log::error("reload refused, the old configuration stays", {{"why", error}});
        return;
    }
    const Config& config = std::get<Config>(fresh);
    if (const std::string why = refuse_to_start(config.options); !why.empty()) {
        log::error("reload refused, the old configuration stays", {{"why", why}});
        return;
    }
    const Reloaded done = reload_options(options, config.options);
    log::set_level(options.log_level);
    if (const auto error = relay.reload(options, *config.types)) log::error("types and keys refused, the old ones stay", {{"why", *error}});
    relay.reload_certificates(options);
    for (const std::string& key : done.taken) log::info("reloaded", {{"key", key}});
    for (const std::string& key : done.need_restart) log::warn("this change needs a restart", {{"key", key}});
    log::info("configuration reloaded", {{"types", config.types->size()}});
}

// Until the relay has drained or a second signal says now. Returns the exit code.
int wait(Relay& relay, Options& options, const std::vector<std::string>& arguments) {
    const sigset_t signals = handled_signals();
    constexpr timespec check_interval{0, 20'000'000};
    bool asked = false;
    for (;;) {
        const int signal = asked || relay.draining() ? sigtimedwait(&signals, nullptr, &check_interval) : sigwaitinfo(&signals, nullptr);
        if (signal == SIGHUP) {
            reload(relay, options, arguments);
        } else if (signal == SIGTERM || signal == SIGINT) {
            if (asked) {
                log::info("second signal: stopping now");
                return exit_clean;
            }
            asked = true;
            log::info("draining", {{"deadline_s", options.drain_deadline_s}});
            relay.drain(options.drain_deadline_s);
        }
        if (asked && relay.finished()) return exit_clean;
    }
}

// A core file holds the memory, and so the keys of tickets and certificates. Where anyone may join, in clear, there are none.
void keep_keys_out_of_core_files(const Options& options) {
    if (options.auth != Auth::tickets && options.tls_key.empty() && options.admin_tcp_key.empty()) return;
    rlimit limit{};
    if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur == 0) return;
    limit.rlim_cur = 0;  // the hard limit stays: a debugger's user may raise it again
    if (setrlimit(RLIMIT_CORE, &limit) == 0) log::info("core files are off: they would hold keys");
}

int run(const std::vector<std::string>& arguments) {
    auto configured = configure(arguments, read_environment());
    if (const auto* exit = std::get_if<Exit>(&configured)) {
        std::fputs(exit->text.c_str(), exit->code == exit_clean ? stdout : stderr);
        return exit->code;
    }
    Config& config = std::get<Config>(configured);
    log::start(config.options.log_format, config.options.log_level, node_of(config.options));
    for (const std::string& note : config.notes) log::warn(note);
    std::signal(SIGPIPE, SIG_IGN);
    keep_keys_out_of_core_files(config.options);
    const sigset_t signals = handled_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before there are threads: they inherit it

    Logics logics;
    for (const std::string& path : config.options.logic)
        if (const std::string error = logics.load(path); !error.empty()) {
            log::error(error);
            return exit_bad_configuration;
        }
    Relay relay(config.options, *config.types, logics);
    if (const auto error = relay.start()) {
        log::error(*error);
        return exit_bad_configuration;
    }
    print_banner(relay, config.options);
    const int code = wait(relay, config.options, arguments);
    relay.stop();
    log::info("stopped");
    return code;
}

}  // namespace

}  // namespace tickrelay

int main(int argc, char** argv) {
    // A thread of libnats may still be closing a TLS connection when this process ends: what OpenSSL has is left to the kernel.
    // nats_Close() is no way to wait for it: it frees what OpenSSL frees again at exit.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
    return tickrelay::run({argv, argv + argc});
}
