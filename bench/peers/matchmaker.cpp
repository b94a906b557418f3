#include "bench/peers/matchmaker.h"

#include <nlohmann/json.hpp>

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string_view>

namespace tickrelay::bench {
namespace {

constexpr timeval patience{.tv_sec = 5, .tv_usec = 0};

// The whole answer, its head included; "" where there was none.
std::string answer_to(const Endpoint& server, std::string_view request) {
  const int socket = connect_socket(server, 0);
  if (socket < 0) return "";
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string answer;
  if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    std::array<char, 4'096> part;
    for (ssize_t count; (count = recv(socket, part.data(), part.size(), 0)) > 0;) {
      answer.append(part.data(), static_cast<std::size_t>(count));
    }
  }
  close(socket);
  return answer;
}

}  // namespace

ColyseusSeat reserve_seat(const Endpoint& server, const std::string& method, const std::string& what) {
  const std::string answer =
      answer_to(server, "POST /matchmake/" + method + "/" + what + " HTTP/1.1\r\nHost: " + server.host +
                            "\r\nContent-Type: application/json\r\nContent-Length: 2"
                            "\r\nConnection: close\r\n\r\n{}");
  const std::size_t body = answer.find("\r\n\r\n");
  const auto json = nlohmann::json::parse(body == std::string::npos ? "" : answer.substr(body + 4), nullptr, false);
  if (!json.is_object() || !json.contains("sessionId")) throw std::runtime_error("no seat by Colyseus: " + answer);
  return {json.at("processId"), json.at("roomId"), json.at("sessionId")};
}

}  // namespace tickrelay::bench
