#include "tools/ctl/call.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "relay/door/admin_path.h"
#include "relay/door/json.h"

namespace tickrelay::ctl {

using nlohmann::json;

namespace {

constexpr int answer_ms_max = 15'000;  // the relay itself gives up after 5 s

std::string remedy(int error) {
    switch (error) {
        case ENOENT: return "nothing is there";
        case ECONNREFUSED: return "the socket is there, but its relay has gone";
        case EACCES: return "permission denied: run this as the relay's user, or with sudo";
        default: return std::strerror(error);
    }
}

}  // namespace

Connection::Connection(const std::string& path) {
    const std::vector<std::string> paths = path.empty() ? admin_paths() : std::vector{path};
    std::string tried;
    for (const auto& each : paths) {
        const auto connection = connect_unix(each);
        if (connection.fd >= 0) {
            fd_ = connection.fd;
            path_ = each;
            return;
        }
        tried += "\n  " + each + ": " + remedy(connection.error);
    }
    throw Failure(exit_no_relay,
                  "no relay answers. Looked at" + tried +
                      "\nStart one (tickrelay --dev), or name its socket: --admin PATH, as its banner says");
}

Connection::~Connection() {
    if (fd_ >= 0) close(fd_);
}

int Connection::peer_pid() const {
    ucred peer{};
    socklen_t size = sizeof peer;
    return getsockopt(fd_, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

std::string Connection::line(int timeout_ms) {
    std::size_t scanned = 0;
    while (true) {
        const auto end = in_.find('\n', scanned);
        if (end != std::string::npos) {
            std::string first = in_.substr(0, end);
            in_.erase(0, end + 1);
            return first;
        }
        scanned = in_.size();
        pollfd wait{fd_, POLLIN, 0};
        const int ready = poll(&wait, 1, timeout_ms);
        if (ready == 0)
            throw Failure(exit_no_relay, "the relay at " + path_ + " does not answer: is it stuck? See its log");
        if (ready < 0) continue;
        in_.resize(scanned + 65'536);
        const auto got = recv(fd_, in_.data() + scanned, 65'536, 0);
        in_.resize(scanned + static_cast<std::size_t>(got > 0 ? got : 0));
        if (got == 0 || (got < 0 && errno != EINTR))
            throw Failure(exit_no_relay, "the relay at " + path_ + " has gone");
    }
}

json Connection::call(const std::string& method, const json& params) {
    const int id = ++last_id_;
    const std::string request =
        dump_line({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}) + "\n";
    for (std::size_t sent = 0; sent < request.size();) {
        const auto took = send(fd_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
        if (took < 0 && errno != EINTR) throw Failure(exit_no_relay, "the relay at " + path_ + " has gone");
        sent += static_cast<std::size_t>(took > 0 ? took : 0);
    }
    while (true) {
        json answer = parse_json(line(answer_ms_max));
        if (!answer.is_object() || answer.value("id", json()) != id) continue;  // an event in between
        const auto error = answer.find("error");
        if (error == answer.end()) return std::move(answer["result"]);
        const std::string reason = error->value("/data/reason"_json_pointer, "refused");
        throw Failure(exit_refused, reason + ": " + error->value("message", ""));
    }
}

json Connection::next_notification() {
    while (true) {
        json notification = parse_json(line(-1));
        if (notification.is_object() && notification.contains("method")) return notification;
    }
}

}  // namespace tickrelay::ctl
