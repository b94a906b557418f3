#include "relay/door/admin.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "relay/core/check.h"
#include "relay/door/admin_path.h"
#include "relay/door/admin_token.h"
#include "relay/log.h"
#include "relay/tls.h"

namespace tickrelay {

namespace {

constexpr std::size_t lines_per_turn = 4;
constexpr std::int64_t refused_said_every_ms = 1'000;

std::int64_t clock_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

std::string text_of(const sockaddr_storage& address, socklen_t bytes) {
    char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";
    getnameinfo(reinterpret_cast<const sockaddr*>(&address), bytes, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    std::string_view name(host);
    if (name.starts_with("::ffff:")) name.remove_prefix(7);  // IPv4 on a listener of both
    return name.find(':') == std::string_view::npos ? std::string(name) + ":" + port : "[" + std::string(name) + "]:" + port;
}

// A host that vanished is found out within a minute.
void keep_alive(int fd) {
    const int on = 1, idle_s = 30, between_s = 10, tries = 3;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between_s, sizeof between_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof tries);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Out of descriptors: the connection waits in the backlog, and poll would spin on it.
void rest_if_exhausted() {
    if (errno == EMFILE || errno == ENFILE) usleep(50'000);
}

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

void AdminSocket::also_over(AdminTcp tcp) {
    CHECK(!thread_.joinable() && tcp.tls && (tcp.tls->asks_clients() || !tcp.token_file.empty()));
    tcp_ = std::move(tcp);
    tls_ = make_server_context(*tcp_.tls);
}

void AdminSocket::every(std::chrono::milliseconds interval, std::function<void()> work) {
    CHECK(!thread_.joinable() && interval.count() > 0);
    interval_ms_ = interval.count();
    work_ = std::move(work);
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
    work_due_ms_ = clock_ms() + interval_ms_;
    while (true) {
        const std::size_t remote = remote_clients();
        const short local_room = clients_.size() - remote < admin_clients_max ? POLLIN : 0;
        const short remote_room = remote < admin_clients_max ? POLLIN : 0;
        waits.assign({{stop_, POLLIN, 0}, {wake_, POLLIN, 0}, {listener_, local_room, 0}, {tcp_.listener, remote_room, 0}});
        for (const auto& client : clients_) waits.push_back({client->fd, client->waits(), 0});
        if (poll(waits.data(), waits.size(), patience_ms(clock_ms())) < 0 && errno != EINTR) return;
        if (waits[0].revents != 0) return;
        if (waits[1].revents != 0) drain_eventfd(wake_);
        for (std::size_t i = 0; i < clients_.size(); ++i) {
            clients_[i]->events = waits[4 + i].revents;
            serve(*clients_[i]);
        }
        const std::int64_t now_ms = clock_ms();
        forget_unknown(now_ms);
        std::erase_if(clients_, [](const auto& client) { return client->closing && client->idle(); });
        if (waits[2].revents != 0) accept_local();
        if (waits[3].revents != 0) accept_remote(now_ms);
        if (interval_ms_ != 0 && now_ms >= work_due_ms_) {
            work_();
            work_due_ms_ = clock_ms() + interval_ms_;
        }
    }
}

int AdminSocket::patience_ms(std::int64_t now_ms) const {
    std::int64_t until_ms = interval_ms_ != 0 ? work_due_ms_ : INT64_MAX;
    for (const auto& client : clients_) {
        if (client->more || client->holds_read()) return 0;
        if (!client->known()) until_ms = std::min(until_ms, client->until_ms);
    }
    return until_ms == INT64_MAX ? -1 : static_cast<int>(std::clamp<std::int64_t>(until_ms - now_ms, 0, 60'000));
}

std::size_t AdminSocket::remote_clients() const {
    return static_cast<std::size_t>(std::ranges::count_if(clients_, [](const auto& client) { return client->tls.has_value(); }));
}

void AdminSocket::accept_local() {
    for (std::size_t room = admin_clients_max - (clients_.size() - remote_clients()); room > 0; --room) {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return rest_if_exhausted();
        auto client = std::make_unique<AdminClient>(fd);
        ucred peer{};
        socklen_t size = sizeof peer;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
            client->session.peer_pid = peer.pid;
            client->session.peer_uid = peer.uid;
            client->session.peer_gid = peer.gid;
            client->session.peer = "uid=" + std::to_string(peer.uid) + " gid=" + std::to_string(peer.gid) + " pid=" + std::to_string(peer.pid);
        }
        clients_.push_back(std::move(client));
    }
}

void AdminSocket::accept_remote(std::int64_t now_ms) {
    for (std::size_t room = admin_clients_max - remote_clients(); room > 0; --room) {
        sockaddr_storage from{};
        socklen_t bytes = sizeof from;
        const int fd = accept4(tcp_.listener, reinterpret_cast<sockaddr*>(&from), &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return rest_if_exhausted();
        keep_alive(fd);
        auto client = std::make_unique<AdminClient>(fd);
        client->tls.emplace(TlsStream::accept(*tls_, fd));
        client->until_ms = now_ms + admin_unknown_ms_max;
        client->token_due = !tcp_.token_file.empty();
        client->address = text_of(from, bytes);
        clients_.push_back(std::move(client));
    }
}

// Who connects and says nothing must not keep others out: the ones that came first go.
void AdminSocket::forget_unknown(std::int64_t now_ms) {
    auto unknown = std::ranges::count_if(clients_, [](const auto& client) { return !client->known() && !client->closing; });
    for (const auto& client : clients_) {
        if (client->known() || client->closing) continue;
        if (unknown > static_cast<std::ptrdiff_t>(admin_unknown_max) || now_ms >= client->until_ms) {
            refused(*client, "it did not say in time who it is");
            client->closing = true;
            client->sent = client->out.size();
            --unknown;
        }
    }
}

// In TLS, and by its certificate where that is enough. False: it will never be.
bool AdminSocket::become_known(AdminClient& client) {
    if (!client.secure()) {
        refused(client, client.tls->why());
        return false;
    }
    if (!client.secured()) return true;
    const std::string subject = client.tls->peer();
    client.session.peer = "addr=" + client.address + (subject.empty() ? "" : " cert=" + subject);
    if (!client.token_due) client.until_ms = 0;
    return true;
}

bool AdminSocket::take_token(AdminClient& client, std::string_view line) {
    client.token_due = false;
    client.until_ms = 0;
    const bool right = answer_auth(line, tcp_.token_file, client.out);
    client.out += '\n';
    client.sent = 0;
    if (right) {
        client.session.peer += " token";
    } else {
        refused(client, "wrong token");
        client.closing = true;
    }
    return client.write_out();
}

// Anyone can provoke it: at most one line a second.
void AdminSocket::refused(const AdminClient& client, std::string_view why) {
    const std::int64_t now_ms = clock_ms();
    ++refused_unsaid_;
    if (refused_said_ms_ != 0 && now_ms - refused_said_ms_ < refused_said_every_ms) return;
    refused_said_ms_ = now_ms;
    log::warn("admin connection refused", {{"address", client.address}, {"why", why}, {"refused", std::exchange(refused_unsaid_, 0)}});
}

// Reads, answers, tells news, until it would wait for the peer.
void AdminSocket::serve(AdminClient& client) {
    const auto give_up = [&] {
        client.closing = true;
        client.sent = client.out.size();
    };
    const bool gone = (client.events & POLLHUP) != 0 && client.ended;
    if (gone || (client.events & (POLLERR | POLLNVAL)) != 0) return give_up();
    if (!client.secured()) {
        if (client.events != 0 && !become_known(client)) return give_up();
        if (!client.secured()) return;
    }
    if (!client.write_out()) return give_up();
    if (client.closing || !client.idle()) return;
    if (client.may_read() && !client.ended && !client.read_some()) return give_up();
    if (!answer_lines(client)) return give_up();
    if (client.known() && client.idle() && !client.closing) {
        client.out = rpc_.news(client.session, admin_news_bytes);
        client.sent = 0;
        client.more |= !client.out.empty() || client.session.behind;  // who is far behind hears the rest in its next turn, whether or not something happens
        if (!client.write_out()) return give_up();
    }
    // Who only listens to events may close its sending side.
    if (client.ended && client.idle() && !client.more && !client.session.subscription) client.closing = true;
}

bool AdminSocket::answer_lines(AdminClient& client) {
    client.more = false;
    for (std::size_t turn = 0; client.idle() && !client.closing; ++turn) {
        // Others wait for this thread too.
        if ((client.more = turn == lines_per_turn)) return true;
        const auto end = client.in.find('\n', client.scanned);
        const bool whole = end != std::string::npos;
        if (!whole) client.scanned = client.in.size();
        if ((whole ? end : client.in.size()) > client.line_max()) {
            client.out = Rpc::line_too_long(client.line_max()) + "\n";
            client.sent = 0;
            client.closing = true;
            return client.write_out();
        }
        // A last line without its break is a request too.
        if (!whole && (!client.ended || client.in.empty())) return true;
        std::string line = client.in.substr(0, whole ? end : client.in.size());
        client.in.erase(0, whole ? end + 1 : client.in.size());
        client.scanned = 0;
        if (line.ends_with('\r')) line.pop_back();
        if (line.find_first_not_of(" \t") == std::string::npos) continue;
        if (client.token_due) {
            if (!take_token(client, line)) return false;
            continue;
        }
        client.out = rpc_.answer(line, client.session);
        client.sent = 0;
        if (!client.out.empty()) client.out += '\n';
        if (!client.write_out()) return false;
    }
    return true;
}

}  // namespace tickrelay
