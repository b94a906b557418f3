#include "relay/fleet/probe.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>

#include "relay/options.h"

namespace tickrelay {

namespace {

constexpr int patience_ms = 300;

// A socket on its way, or what is known at once.
struct Try {
    int fd = -1;
    Probed said = Probed::silent;
};

Try begin(const std::string& text) {
    Address address;
    if (!parse_address(text, address)) return {};
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0) return {};
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> own(found, freeaddrinfo);
    Try made{.fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (made.fd < 0) return made;
    if (connect(made.fd, found->ai_addr, found->ai_addrlen) == 0) {
        made.said = Probed::accepted;
    } else if (errno != EINPROGRESS) {
        if (errno == ECONNREFUSED) made.said = Probed::refused;
        close(made.fd);
        made.fd = -1;
    }
    return made;
}

}  // namespace

std::vector<Probed> probe_all(std::span<const std::string> addresses) {
    std::vector<Try> tries;
    for (const std::string& address : addresses) tries.push_back(begin(address));
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
    for (;;) {
        std::vector<pollfd> waits;
        std::vector<Try*> of;
        for (Try& each : tries) {
            if (each.fd < 0 || each.said != Probed::silent) continue;
            waits.push_back({.fd = each.fd, .events = POLLOUT, .revents = 0});
            of.push_back(&each);
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
        if (waits.empty() || left <= 0 || poll(waits.data(), waits.size(), static_cast<int>(left)) <= 0) break;
        for (std::size_t i = 0; i < waits.size(); ++i) {
            if (waits[i].revents == 0) continue;
            int error = 0;
            socklen_t size = sizeof error;
            getsockopt(waits[i].fd, SOL_SOCKET, SO_ERROR, &error, &size);
            if (error == 0) of[i]->said = Probed::accepted;
            if (error == ECONNREFUSED) of[i]->said = Probed::refused;
            if (error == 0 || error == ECONNREFUSED) continue;
            close(of[i]->fd);
            of[i]->fd = -1;
        }
    }
    std::vector<Probed> said;
    for (const Try& each : tries) {
        if (each.fd >= 0) close(each.fd);
        said.push_back(each.said);
    }
    return said;
}

}  // namespace tickrelay
