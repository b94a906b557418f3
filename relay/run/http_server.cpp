#include "relay/run/http_server.h"

#include "relay/core/check.h"

namespace tickrelay {
namespace {

constexpr int askers_per_wake = 16;
constexpr std::int64_t wait_ns = 1'000'000'000;

}  // namespace

bool HttpServer::start(std::string_view address, std::string& error, Tls* tls) {
    CHECK(!thread_.joinable());
    if (!listener_.open(address, error) || !loop_.open(LwsHttp::protocols(), &http_, error, LwsLoop::handshake_timeout_s, tls)) return false;
    loop_.watch(listener_.fd(), [this, tls] { accept_ready(tls != nullptr); });
    thread_ = std::thread([this] {
        pthread_setname_np(pthread_self(), "http");
        while (!stopping_.load(std::memory_order_relaxed)) loop_.run_until(monotonic_ns() + wait_ns);
    });
    return true;
}

void HttpServer::stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    loop_.interrupt();
    thread_.join();
}

void HttpServer::accept_ready(bool tls) {
    for (int i = 0; i < askers_per_wake; ++i) {
        Accepted accepted;
        if (listener_.accept(accepted) != Listener::Result::accepted) return;
        loop_.adopt(accepted.fd, tls);
    }
}

}  // namespace tickrelay
