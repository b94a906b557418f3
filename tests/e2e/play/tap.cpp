#include "tests/e2e/play/tap.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace tickrelay::test {

namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

bool send_all(int to, const char* bytes, std::size_t count) {
    while (count != 0) {
        const ssize_t sent = ::send(to, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes += sent;
        count -= static_cast<std::size_t>(sent);
    }
    return true;
}

}  // namespace

Tap::Tap(std::uint16_t relay_port) : relay_port_(relay_port), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 8) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("no port for the tap");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
}

Tap::~Tap() {
    stops_ = true;
    thread_.join();
    close(listener_);
}

std::string Tap::received() const {
    const std::lock_guard lock(mutex_);
    return received_;
}

void Tap::run() {
    while (!stops_) {
        pollfd waits{listener_, POLLIN, 0};
        if (poll(&waits, 1, 20) <= 0) continue;
        const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        const int relay = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = loopback(relay_port_);
        if (client >= 0 && connect(relay, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) pass(client, relay);
        close(client);
        close(relay);
    }
}

void Tap::pass(int client, int relay) {
    char bytes[16 * 1024];
    cut_ = false;
    while (!stops_ && !cut_) {
        pollfd both[2] = {{client, POLLIN, 0}, {relay, POLLIN, 0}};
        if (poll(both, 2, 20) <= 0) continue;
        for (int i = 0; i < 2; ++i) {
            if (both[i].revents == 0) continue;
            const ssize_t count = recv(both[i].fd, bytes, sizeof bytes, 0);
            if (count <= 0 || !send_all(both[1 - i].fd, bytes, static_cast<std::size_t>(count))) return;
            if (i == 0) continue;
            const std::lock_guard lock(mutex_);
            received_.append(bytes, static_cast<std::size_t>(count));
        }
    }
}

}  // namespace tickrelay::test
