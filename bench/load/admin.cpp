#include "bench/load/admin.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace tickrelay::bench {
namespace {

constexpr int patience_s = 10;

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("the admin socket's path is too long");
  path.copy(address.sun_path, path.size());
  const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = patience_s, .tv_usec = 0};
  setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return made;
  const std::string reason = std::strerror(errno);
  close(made);
  throw std::runtime_error("no relay at the admin socket " + path + ": " + reason);
}

}  // namespace

Admin::Admin(const std::string& path) : socket_(connect_to(path)) {}

Admin::~Admin() { close(socket_); }

nlohmann::json Admin::call(const std::string& method, nlohmann::json params) {
  const int id = ++last_id_;
  const nlohmann::json request{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
  const std::string line = request.dump() + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t count = send(socket_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) throw std::runtime_error("the admin socket broke");
    sent += static_cast<std::size_t>(count);
  }
  for (;;) {
    const nlohmann::json answer = nlohmann::json::parse(read_line(), nullptr, false);
    if (!answer.is_object() || answer.value("id", 0) != id) continue;
    if (!answer.contains("error")) return answer.value("result", nlohmann::json::object());
    const nlohmann::json& error = answer["error"];
    const std::string reason = error.value("data", nlohmann::json::object()).value("reason", "");
    throw std::runtime_error(method + " was refused: " + error.value("message", "") + " " + reason);
  }
}

std::string Admin::read_line() {
  for (;;) {
    const std::size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      const std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    std::array<char, 16'384> part;
    const ssize_t count = recv(socket_, part.data(), part.size(), 0);
    if (count <= 0) throw std::runtime_error("the admin socket gave no answer");
    unread_.append(part.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace tickrelay::bench
