#include "relay/run/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "relay/core/check.h"
#include "relay/core/units.h"
#include "relay/run/addresses.h"
#include "relay/run/lws_loop.h"

namespace tickrelay {
namespace {

constexpr int backlog = 4096;          // the kernel caps it with net.core.somaxconn
constexpr int accepts_per_wake = 256;  // then other listeners and stop() get a turn
constexpr std::int64_t exhausted_pause_ns = 10 * ms;
constexpr int no_memory_pause_ms = 50;
constexpr std::int64_t pace_burst_ns = 50 * ms;

int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

struct HostPort {
    std::string host;
    std::string port;
};

bool split(std::string_view address, HostPort& parts) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string_view::npos) return false;
    std::string_view host = address.substr(0, colon);
    parts.port = address.substr(colon + 1);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return false;  // IPv6 without brackets
    }
    parts.host = host.empty() ? "::" : host == "localhost" ? "127.0.0.1" : host;
    return !parts.port.empty();
}

std::string_view remedy(int cause) {
    switch (cause) {
        case EADDRINUSE: return "Another program has this port: stop it or choose another port";
        case EACCES: return "Choose a port above 1023 or give the program the capability CAP_NET_BIND_SERVICE";
        case EADDRNOTAVAIL: return "This machine does not have that address: choose one of its own, or [::] for all";
        case EAFNOSUPPORT: return "This machine has no IPv6: choose an IPv4 address, 0.0.0.0 for all";
        case EMFILE:
        case ENFILE: return "Raise the limit of open files (ulimit -n)";
        default: return "Choose another address";
    }
}

int bind_and_listen(const addrinfo& at) {
    const int fd = socket(at.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    const int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
    if (at.ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, at.ai_addr, at.ai_addrlen) == 0 && listen(fd, backlog) == 0) return fd;
    const int cause = errno;
    ::close(fd);
    errno = cause;
    return -1;
}

int listen_on(const HostPort& parts, std::string& why) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    addrinfo* found = nullptr;
    if (const int failed = getaddrinfo(parts.host.c_str(), parts.port.c_str(), &hints, &found); failed != 0) {
        why = std::string(gai_strerror(failed)) +
              ". Give a numeric address and a port, such as [::]:8350 or 127.0.0.1:8350";
        return -1;
    }
    const int fd = bind_and_listen(*found);
    const int cause = errno;
    freeaddrinfo(found);
    if (fd < 0) {
        if (cause == EAFNOSUPPORT && parts.host == "::") return listen_on({"0.0.0.0", parts.port}, why);
        why = std::string(std::strerror(cause)).append(". ").append(remedy(cause));
    }
    return fd;
}

// Up to then, at least one ms; -1 where it never comes.
int wait_ms(std::int64_t until_ns, std::int64_t now_ns) {
    if (until_ns == INT64_MAX) return -1;
    return static_cast<int>(std::clamp<std::int64_t>((until_ns - now_ns + ms - 1) / ms, 1, 1'000));
}

std::uint16_t port_of(int fd) {
    sockaddr_storage at{};
    socklen_t bytes = sizeof at;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&at), &bytes) != 0) return 0;
    return ntohs(at.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(at).sin6_port
                                          : reinterpret_cast<sockaddr_in&>(at).sin_port);
}

}  // namespace

Listener::Listener(Listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), spare_fd_(std::exchange(other.spare_fd_, -1)), port_(other.port_) {}

Listener::~Listener() {
    if (fd_ >= 0) ::close(fd_);
    if (spare_fd_ >= 0) ::close(spare_fd_);
}

bool Listener::open(std::string_view address, std::string& error) {
    CHECK(fd_ < 0);
    HostPort parts;
    std::string why = "this is no address. Give host:port, such as [::]:8350 or 127.0.0.1:8350";
    fd_ = split(address, parts) ? listen_on(parts, why) : -1;
    if (fd_ < 0) {
        error = "cannot listen on " + std::string(address) + ": " + why;
        return false;
    }
    spare_fd_ = open_spare();
    port_ = port_of(fd_);
    return true;
}

Listener::Result Listener::accept(Accepted& accepted) {
    for (;;) {
        sockaddr_storage from{};
        socklen_t bytes = sizeof from;
        accepted.fd = accept4(fd_, reinterpret_cast<sockaddr*>(&from), &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted.fd >= 0) {
            accepted.peer = peer_of(from);
            return Result::accepted;
        }
        switch (errno) {
            case EAGAIN: return Result::none;
            case EMFILE:
            case ENFILE: return close_one();
            case ENOBUFS:
            case ENOMEM: return Result::exhausted;
            case EBADF:
            case EINVAL:
            case ENOTSOCK: return Result::none;
            default: break;  // that connection is gone already: the next one
        }
    }
}

// Without it the connection would stay in the backlog, the listener readable, and the thread spin.
Listener::Result Listener::close_one() {
    if (spare_fd_ >= 0) ::close(spare_fd_);
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    const bool none = fd < 0 && errno == EAGAIN;
    if (fd >= 0) ::close(fd);
    spare_fd_ = open_spare();
    return none ? Result::none : Result::exhausted;
}

bool Acceptor::open(std::string& error) {
    CHECK(settings_.hand_over && settings_.loops > 0);
    for (const std::string& address : settings_.addresses) {
        Listener listener;
        if (!listener.open(address, error)) return false;
        listeners_.push_back(std::move(listener));
    }
    stop_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_fd_ >= 0) return true;
    error = std::string("cannot create an eventfd: ") + std::strerror(errno) +
            ". Raise the limit of open files (ulimit -n)";
    return false;
}

void Acceptor::start() {
    CHECK(stop_fd_ >= 0 && !thread_.joinable());
    thread_ = std::thread([this] { run(); });
}

void Acceptor::stop() {
    if (thread_.joinable()) {
        eventfd_write(stop_fd_, 1);
        thread_.join();
    }
    listeners_.clear();
    if (stop_fd_ >= 0) ::close(std::exchange(stop_fd_, -1));
}

void Acceptor::run() {
    pthread_setname_np(pthread_self(), "acceptor");
    std::vector<pollfd> waits;
    std::int64_t pause_until_ns = 0;
    for (bool goes_on = true; goes_on;) {
        try {
            goes_on = look(waits, pause_until_ns);
        } catch (const std::bad_alloc&) {  // for the list of those that wait: others wait in the kernel meanwhile
            poll(nullptr, 0, no_memory_pause_ms);
        }
    }
}

// False: it is to stop.
bool Acceptor::look(std::vector<pollfd>& waits, std::int64_t& pause_until_ns) {
    waits.assign(1, {stop_fd_, POLLIN, 0});
    balancers_.append(waits);
    const std::size_t first = waits.size();
    std::int64_t now_ns = monotonic_ns();
    const std::int64_t open_ns = std::max(pause_until_ns, free_ns());
    const bool open = open_ns <= now_ns;
    if (open)
        for (const Listener& listener : listeners_) waits.push_back({listener.fd(), POLLIN, 0});
    poll(waits.data(), waits.size(), wait_ms(std::min(open ? INT64_MAX : open_ns, balancers_.next_ns()), now_ns));
    if (waits[0].revents != 0) return false;
    serve_balancers(waits);
    for (std::size_t i = first; i < waits.size(); ++i)
        if (waits[i].revents != 0 && !accept_some(listeners_[i - first], i - first >= settings_.tls_from)) pause_until_ns = monotonic_ns() + exhausted_pause_ns;
    return true;
}

std::int64_t Acceptor::free_ns() const { return pace_.paid_ns - pace_burst_ns; }

// False: no descriptor is left.
bool Acceptor::accept_some(Listener& listener, bool tls) {
    for (int i = 0; i < accepts_per_wake; ++i) {
        const std::int64_t now_ns = monotonic_ns();
        if (free_ns() > now_ns) return true;
        Accepted accepted;
        accepted.tls = tls;
        switch (listener.accept(accepted)) {
            case Listener::Result::none: return true;
            case Listener::Result::exhausted: counts_.exhausted.fetch_add(1, std::memory_order_relaxed); return false;
            case Listener::Result::accepted: break;
        }
        if (!settings_.is_balancer || !settings_.is_balancer(accepted.peer)) {
            take(accepted);
        } else if (!balancers_.add(accepted, now_ns + settings_.header_timeout_ns)) {
            counts_.refused.fetch_add(1, std::memory_order_relaxed);
            if (settings_.no_header) settings_.no_header(accepted.peer, "too many connections wait for theirs");
        }
    }
    return true;
}

void Acceptor::serve_balancers(const std::vector<pollfd>& waits) {
    balancers_.serve(waits.data() + 1, monotonic_ns(), [this](const Accepted& accepted) { take(accepted); },
                     [this](const PeerAddress& from, std::string_view why) {
                         counts_.refused.fetch_add(1, std::memory_order_relaxed);
                         if (settings_.no_header) settings_.no_header(from, why);
                     });
}

void Acceptor::take(const Accepted& accepted) {
    try {
        deal_out(accepted);
    } catch (const std::bad_alloc&) {  // it costs this connection
        counts_.refused.fetch_add(1, std::memory_order_relaxed);
        ::close(accepted.fd);
    }
}

void Acceptor::deal_out(const Accepted& accepted) {
    const std::int64_t cost = settings_.per_s ? cost_ns(settings_.per_s()) : 0;
    const bool admitted = !settings_.admit || settings_.admit(accepted.peer);
    pace_.take(monotonic_ns(), admitted ? cost : cost / 4);
    if (!admitted) return refuse(accepted);
    counts_.accepted.fetch_add(1, std::memory_order_relaxed);
    settings_.hand_over(next_loop_, accepted);
    next_loop_ = (next_loop_ + 1) % settings_.loops;
}

// What the peer has sent is taken first: closed over unread bytes, the kernel would withdraw the answer.
void Acceptor::refuse(const Accepted& accepted) {
    counts_.refused.fetch_add(1, std::memory_order_relaxed);
    if (!settings_.refused_answer.empty() && !accepted.tls) {  // who waits for a handshake could not read it
        char request[2048];
        recv(accepted.fd, request, sizeof request, MSG_DONTWAIT);
        send(accepted.fd, settings_.refused_answer.data(), settings_.refused_answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    ::close(accepted.fd);
}

}  // namespace tickrelay
