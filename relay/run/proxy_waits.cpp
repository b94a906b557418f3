#include "relay/run/proxy_waits.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>

#include "relay/run/proxy_header.h"

namespace tickrelay {

namespace {

// poll() says readable from so many bytes on, or at the end: part of a header does not wake anybody again and again.
void wake_from(int fd, std::size_t bytes) {
    const int wanted = static_cast<int>(bytes);
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof wanted);
}

}  // namespace

bool sends_proxy_header(int fd) {
    std::byte bytes[proxy_header_begin_max];
    const ssize_t came = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    return came > 0 && begins_proxy_header(std::span(bytes).first(static_cast<std::size_t>(came)));
}

ProxyWaits::~ProxyWaits() {
    for (const Waiting& waiting : waiting_) ::close(waiting.accepted.fd);
}

bool ProxyWaits::add(const Accepted& accepted, std::int64_t deadline_ns) {
    if (waiting_.size() >= waiting_max) {
        ::close(accepted.fd);
        return false;
    }
    try {
        waiting_.push_back({accepted, deadline_ns});
        return true;
    } catch (const std::bad_alloc&) {
        ::close(accepted.fd);
        return false;
    }
}

void ProxyWaits::append(std::vector<pollfd>& waits) const {
    for (const Waiting& waiting : waiting_) waits.push_back({waiting.accepted.fd, POLLIN | POLLRDHUP, 0});
}

void ProxyWaits::serve(const pollfd* polled, std::int64_t now_ns, const Arrived& arrived, const Failed& failed) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
        Next next = polled[i].revents == 0 ? Next::waits : read(waiting_[i], polled[i].revents, arrived, failed);
        if (next == Next::waits && now_ns >= waiting_[i].deadline_ns) {
            ::close(waiting_[i].accepted.fd);
            failed(waiting_[i].accepted.peer, "no PROXY header in time");
            next = Next::done;
        }
        if (next == Next::waits) waiting_[kept++] = waiting_[i];
    }
    waiting_.resize(kept);
}

std::int64_t ProxyWaits::next_ns() const { return waiting_.empty() ? INT64_MAX : waiting_.front().deadline_ns; }

// Looked at first and taken then, so that what is behind the header stays for whoever reads the connection.
ProxyWaits::Next ProxyWaits::read(const Waiting& waiting, short events, const Arrived& arrived, const Failed& failed) {
    std::array<std::byte, proxy_header_bytes_max> bytes;
    const int fd = waiting.accepted.fd;
    const ssize_t came = recv(fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    if (came < 0 && (errno == EAGAIN || errno == EINTR)) return Next::waits;
    if (came <= 0) {  // a health check that only connects says nothing, and nothing is said of it
        ::close(fd);
        return Next::done;
    }
    ProxyHeader header = read_proxy_header(std::span(bytes).first(static_cast<std::size_t>(came)));
    const bool ended = (events & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    if (header.state == ProxyHeader::State::partial && ended) header = {.state = ProxyHeader::State::bad, .why = "the header ends early"};
    if (header.state == ProxyHeader::State::partial) {
        wake_from(fd, header.bytes);
        return Next::waits;
    }
    if (header.state == ProxyHeader::State::bad) {
        ::close(fd);
        failed(waiting.accepted.peer, header.why);
        return Next::done;
    }
    recv(fd, bytes.data(), header.bytes, MSG_DONTWAIT);
    wake_from(fd, 1);
    Accepted behind = waiting.accepted;
    if (header.peer) behind.peer = *header.peer;
    arrived(behind);
    return Next::done;
}

}  // namespace tickrelay
