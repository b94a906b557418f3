#include "tests/e2e/play/pipe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <list>
#include <vector>

namespace tickrelay::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int turn_ms = 1;
constexpr double burst_s = 0.004;  // what a slow pipe lets through at once
constexpr std::size_t held_bytes_max = 1 << 20;
constexpr std::size_t chunk_bytes_max = 16 * 1024;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

void set(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof value); }

// From one socket to another.
class Way {
  public:
    Way(int from, int to, std::uint64_t bytes_per_s, std::int64_t delay_ms)
        : from_(from), to_(to), bytes_per_s_(static_cast<double>(bytes_per_s)), delay_(delay_ms), filled_(Clock::now()) {}

    // False: an end is gone, and all that came before it was passed on.
    bool pass(Clock::time_point now) {
        while (!end_ && take(now)) {
        }
        while (!held_.empty() && held_.front().due <= now) {
            std::vector<char>& bytes = held_.front().bytes;
            const ssize_t sent = send(to_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0) return errno == EAGAIN;
            held_bytes_ -= static_cast<std::size_t>(sent);
            bytes.erase(bytes.begin(), bytes.begin() + sent);
            if (!bytes.empty()) return true;
            held_.pop_front();
        }
        return !end_ || !held_.empty();
    }

  private:
    struct Held {
        Clock::time_point due;
        std::vector<char> bytes;
    };

    // The slow pipe's place: before it the bytes wait in the sender's buffers, after it they are on their way.
    bool take(Clock::time_point now) {
        std::size_t room = chunk_bytes_max;
        if (bytes_per_s_ > 0) {
            allowed_ = std::min(allowed_ + std::chrono::duration<double>(now - filled_).count() * bytes_per_s_,
                                std::max(bytes_per_s_ * burst_s, 1.0));
            filled_ = now;
            room = std::min(room, static_cast<std::size_t>(allowed_));
        }
        if (room == 0 || held_bytes_ >= held_bytes_max) return false;
        std::vector<char> bytes(room);
        const ssize_t got = recv(from_, bytes.data(), room, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) return false;
        end_ = got <= 0;
        if (end_) return false;
        allowed_ -= static_cast<double>(got);
        bytes.resize(static_cast<std::size_t>(got));
        held_bytes_ += bytes.size();
        held_.push_back({now + delay_, std::move(bytes)});
        return true;
    }

    int from_, to_;
    double bytes_per_s_;
    std::chrono::milliseconds delay_;
    double allowed_ = 0;
    Clock::time_point filled_;
    std::deque<Held> held_;
    std::size_t held_bytes_ = 0;
    bool end_ = false;
};

}  // namespace

class Pipe::Traffic {
  public:
    Traffic(const PipeSettings& settings, int number, int client, int relay)
        : number_(number), client_(client), relay_(relay), up_(client, relay, 0, settings.delay_ms),
          down_(relay, client, settings.bytes_per_s, settings.delay_ms) {}
    ~Traffic() {
        for (const int fd : {client_, relay_}) {
            const linger hard{1, 0};
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
            close(fd);
        }
    }
    Traffic(const Traffic&) = delete;
    Traffic& operator=(const Traffic&) = delete;

    bool pass(bool stalled_down) {
        const auto now = Clock::now();
        return up_.pass(now) && (stalled_down || down_.pass(now));
    }
    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] int client() const { return client_; }
    [[nodiscard]] int relay() const { return relay_; }

  private:
    int number_, client_, relay_;
    Way up_, down_;
};

Pipe::Pipe(PipeSettings settings) : settings_(settings) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listener_, 64) == 0 &&
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
        port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
}

Pipe::~Pipe() {
    stop_ = true;
    thread_.join();
    close(listener_);
}

// Accepted or given up; the buffers are set before connect, because the window is agreed there.
int Pipe::connect_to_relay(int client) const {
    const int relay = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (settings_.buffer_bytes > 0) {
        set(relay, SOL_SOCKET, SO_RCVBUF, settings_.buffer_bytes);
        set(relay, IPPROTO_TCP, TCP_WINDOW_CLAMP, settings_.buffer_bytes);
        set(client, SOL_SOCKET, SO_SNDBUF, settings_.buffer_bytes);
    }
    for (const int fd : {client, relay}) set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    const sockaddr_in address = loopback(settings_.to);
    if (connect(relay, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return relay;
    close(relay);
    return -1;
}

void Pipe::run() {
    std::list<Traffic> all;
    std::vector<pollfd> waits;
    int cuts = 0;
    while (!stop_) {
        waits.assign(1, {listener_, POLLIN, 0});
        const bool paced = settings_.bytes_per_s != 0 || settings_.delay_ms != 0 || stalled_ || stalled_down_ || stalled_down_of_ >= 0;
        for (const Traffic& traffic : all)
            if (!paced) waits.insert(waits.end(), {{traffic.client(), POLLIN, 0}, {traffic.relay(), POLLIN, 0}});
        poll(waits.data(), waits.size(), turn_ms);
        if (const int asked = cuts_; cuts != asked || away_) {
            cuts = asked;
            all.clear();
        }
        std::erase_if(all, [this](const Traffic& traffic) { return traffic.number() == cut_of_; });
        for (int client = 0; (client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
            const int relay = away_ ? -1 : connect_to_relay(client);
            if (relay >= 0)
                all.emplace_back(settings_, connections_++, client, relay);
            else
                close(client);
        }
        if (stalled_) continue;
        std::erase_if(all, [this](Traffic& traffic) {
            return !traffic.pass(stalled_down_ || traffic.number() == stalled_down_of_);
        });
    }
}

}  // namespace tickrelay::test
