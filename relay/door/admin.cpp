#include "relay/door/admin.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "relay/core/check.h"
#include "relay/door/admin_path.h"
#include "relay/log.h"

namespace tickrelay {

// `in` holds at most one line and a read's worth; `out` one answer, or news.
struct AdminSocket::Client {
    int fd = -1;
    AdminSession session;
    std::string in;
    std::size_t scanned = 0;  // no line break in in[0, scanned)
    std::string out;
    std::size_t sent = 0;
    short events = 0;      // what poll said
    bool ended = false;    // the peer will send no more: answer what is there, then close
    bool closing = false;  // close once `out` is written
    bool more = false;     // complete lines wait for their turn

    ~Client() { close(fd); }
    [[nodiscard]] bool idle() const { return sent == out.size(); }
};

namespace {

constexpr std::size_t read_bytes = 64 * 1024;
constexpr std::size_t lines_per_turn = 4;

void drain_eventfd(int fd) {
    std::uint64_t count = 0;
    while (read(fd, &count, sizeof count) > 0) continue;
}

void signal_eventfd(int fd) {
    const std::uint64_t one = 1;
    // A full counter already wakes the reader.
    [[maybe_unused]] const auto written = write(fd, &one, sizeof one);
}

}  // namespace

AdminSocket::AdminSocket(Controls& controls, EventRing& events)
    : events_(events),
      rpc_(controls, events),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      stop_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    CHECK(wake_ >= 0 && stop_ >= 0);
    events_.on_news([this] { wake(); });
}

AdminSocket::~AdminSocket() {
    stop();
    close(wake_);
    close(stop_);
}

std::optional<std::string> AdminSocket::start(const std::string& path) {
    auto listener = listen_unix(path.empty() ? admin_path() : path, 16);
    if (auto* error = std::get_if<std::string>(&listener)) return std::move(*error);
    listener_ = std::get<UnixListener>(listener).fd;
    path_ = std::get<UnixListener>(listener).path;
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "admin");
    return std::nullopt;
}

void AdminSocket::stop() {
    if (!thread_.joinable()) return;
    signal_eventfd(stop_);
    thread_.join();
    drain_eventfd(stop_);
    clients_.clear();
    // The name first: who finds the socket must find it alive.
    unlink(path_.c_str());
    close(listener_);
    listener_ = -1;
}

void AdminSocket::wake() const { signal_eventfd(wake_); }

void AdminSocket::run() {
    std::vector<pollfd> waits;
    while (true) {
        const short accepting = clients_.size() < admin_clients_max ? POLLIN : 0;
        waits.assign({{stop_, POLLIN, 0}, {wake_, POLLIN, 0}, {listener_, accepting, 0}});
        for (const auto& client : clients_) {
            // No reading while an answer waits to be read: a client's memory here is one line and one answer.
            const bool reads = client->idle() && !client->ended;
            waits.push_back({client->fd, static_cast<short>((reads ? POLLIN : 0) | (client->idle() ? 0 : POLLOUT)), 0});
        }
        const bool more =
            std::any_of(clients_.begin(), clients_.end(), [](const auto& client) { return client->more; });
        if (poll(waits.data(), waits.size(), more ? 0 : -1) < 0 && errno != EINTR) return;
        if (waits[0].revents != 0) return;
        if (waits[1].revents != 0) drain_eventfd(wake_);
        for (std::size_t i = 0; i < clients_.size(); ++i) {
            clients_[i]->events = waits[3 + i].revents;
            serve(*clients_[i]);
        }
        std::erase_if(clients_, [](const auto& client) { return client->closing && client->idle(); });
        if (waits[2].revents != 0) accept_clients();
    }
}

void AdminSocket::accept_clients() {
    while (clients_.size() < admin_clients_max) {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            // Out of descriptors: the connection waits in the backlog, and poll would spin on it.
            if (errno == EMFILE || errno == ENFILE) usleep(50'000);
            return;
        }
        auto client = std::make_unique<Client>();
        client->fd = fd;
        ucred peer{};
        socklen_t size = sizeof peer;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
            client->session.peer_pid = peer.pid;
            client->session.peer_uid = peer.uid;
        }
        clients_.push_back(std::move(client));
    }
}

// Reads, answers, tells news, until it would wait for the peer.
void AdminSocket::serve(Client& client) {
    const auto give_up = [&] {
        client.closing = true;
        client.sent = client.out.size();
    };
    const bool gone = (client.events & POLLHUP) != 0 && client.ended;
    if (gone || (client.events & (POLLERR | POLLNVAL)) != 0) return give_up();
    if (!write_out(client)) return give_up();
    if (client.closing || !client.idle()) return;
    if ((client.events & (POLLIN | POLLHUP)) != 0 && !client.ended && !read_lines(client)) return give_up();
    if (!answer_lines(client)) return give_up();
    if (client.idle() && !client.closing) {
        client.out = rpc_.news(client.session, admin_news_bytes);
        client.sent = 0;
        if (!write_out(client)) return give_up();
    }
    // Who only listens to events may close its sending side.
    if (client.ended && client.idle() && !client.more && !client.session.subscription) client.closing = true;
}

bool AdminSocket::read_lines(Client& client) {
    while (client.in.size() <= admin_line_bytes_max) {
        const std::size_t had = client.in.size();
        client.in.resize(had + read_bytes);
        const ssize_t got = recv(client.fd, client.in.data() + had, read_bytes, 0);
        client.in.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got == 0) {
            client.ended = true;
            return true;
        }
        if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    }
    return true;
}

bool AdminSocket::answer_lines(Client& client) {
    client.more = false;
    for (std::size_t turn = 0; client.idle() && !client.closing; ++turn) {
        // Others wait for this thread too.
        if ((client.more = turn == lines_per_turn)) return true;
        const auto end = client.in.find('\n', client.scanned);
        const bool whole = end != std::string::npos;
        if (!whole) client.scanned = client.in.size();
        if ((whole ? end : client.in.size()) > admin_line_bytes_max) {
            client.out = Rpc::line_too_long(admin_line_bytes_max) + "\n";
            client.sent = 0;
            client.closing = true;
            return write_out(client);
        }
        // A last line without its break is a request too.
        if (!whole && (!client.ended || client.in.empty())) return true;
        std::string line = client.in.substr(0, whole ? end : client.in.size());
        client.in.erase(0, whole ? end + 1 : client.in.size());
        client.scanned = 0;
        if (line.ends_with('\r')) line.pop_back();
        if (line.find_first_not_of(" \t") == std::string::npos) continue;
        client.out = rpc_.answer(line, client.session);
        client.sent = 0;
        if (!client.out.empty()) client.out += '\n';
        if (!write_out(client)) return false;
    }
    return true;
}

// False: the connection is gone.
bool AdminSocket::write_out(Client& client) {
    while (!client.idle()) {
        const ssize_t took =
            send(client.fd, client.out.data() + client.sent, client.out.size() - client.sent, MSG_NOSIGNAL);
        if (took < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        client.sent += static_cast<std::size_t>(took);
    }
    client.out.clear();
    client.sent = 0;
    return true;
}

}  // namespace tickrelay
