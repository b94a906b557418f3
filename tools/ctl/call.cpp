#include "tools/ctl/call.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
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

// What has come; false: silence for so long where `gone` stays false, else the end.
bool receive_from(int fd, std::string& into, int timeout_ms, bool& gone) {
    pollfd wait{fd, POLLIN, 0};
    int ready = 0;
    do ready = poll(&wait, 1, timeout_ms);
    while (ready < 0);
    if (ready == 0) return false;
    const std::size_t had = into.size();
    into.resize(had + 65'536);
    const auto got = recv(fd, into.data() + had, 65'536, 0);
    into.resize(had + static_cast<std::size_t>(got > 0 ? got : 0));
    gone = got == 0 || (got < 0 && errno != EINTR);
    return !gone;
}

}  // namespace

Connection::Connection(const std::string& path, const Proof& proof) {
    if (path.starts_with(remote_scheme)) {
        path_ = path;
        remote_ = std::make_unique<Remote>(path, proof);
        if (!proof.token_file.empty()) prove(proof.token_file);
        return;
    }
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

void Connection::prove(const std::string& token_file) {
    std::ifstream file(token_file);
    std::string token;
    if (!std::getline(file, token)) throw Failure(exit_usage, token_file + ": no token can be read from it");
    while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
    call("auth", {{"token", token}});
}

int Connection::peer_pid() const {
    if (fd_ < 0) return 0;
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
        bool gone = false;
        const bool came = remote_ ? remote_->receive(in_, timeout_ms, gone) : receive_from(fd_, in_, timeout_ms, gone);
        if (gone) give_up("has gone");
        if (!came) give_up("does not answer: is it stuck? See its log");
    }
}

void Connection::give_up(const std::string& what) const {
    const std::string why = remote_ ? remote_->why() : "";
    std::string text = "the relay at " + path_ + " " + what;
    if (!why.empty()) text += ": " + why + ". It may ask for a certificate: --cert FILE --key FILE";
    throw Failure(exit_no_relay, text);
}

bool Connection::send_all(const std::string& text) {
    if (remote_) return remote_->send(text);
    for (std::size_t sent = 0; sent < text.size();) {
        const auto took = send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (took < 0 && errno != EINTR) return false;
        sent += static_cast<std::size_t>(took > 0 ? took : 0);
    }
    return true;
}

json Connection::call(const std::string& method, const json& params) {
    const int id = ++last_id_;
    const std::string request =
        dump_line({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}) + "\n";
    if (!send_all(request)) give_up("has gone");
    while (true) {
        json answer = parse_json(line(answer_ms_max));
        if (!answer.is_object() || answer.value("id", json()) != id) continue;  // an event in between
        const auto error = answer.find("error");
        if (error == answer.end()) return std::move(answer["result"]);
        const std::string reason = error->value("/data/reason"_json_pointer, "refused");
        const char* remedy = reason == "unauthenticated" && method != "auth" ? " (--token-file FILE)" : "";
        throw Failure(exit_refused, reason + ": " + error->value("message", "") + remedy);
    }
}

json Connection::next_notification() {
    while (true) {
        json notification = parse_json(line(-1));
        if (notification.is_object() && notification.contains("method")) return notification;
    }
}

}  // namespace tickrelay::ctl
