#include "bench/net/endpoint.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tickrelay::bench {
namespace {

struct Parts {
  std::string host, port, path;
  bool secure = false;
};

std::optional<Parts> split(std::string_view url, std::string_view default_path) {
  Parts parts;
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) {
    const std::string_view name = url.substr(0, scheme);
    parts.secure = name == "wss" || name == "https";
    if (!parts.secure && name != "ws" && name != "http") return std::nullopt;
    url.remove_prefix(scheme + 3);
  }
  const std::size_t slash = url.find('/');
  parts.path = slash == std::string_view::npos || slash + 1 == url.size() ? default_path : url.substr(slash);
  const std::string_view authority = url.substr(0, slash);
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  parts.port = authority.substr(colon + 1);
  std::string_view host = authority.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  parts.host = host;
  return parts;
}

void set_option(int socket, int level, int name, int value) { setsockopt(socket, level, name, &value, sizeof value); }

int close_and_fail(int socket) {
  const int error = errno;
  close(socket);
  errno = error;
  return -1;
}

}  // namespace

std::optional<Endpoint> resolve(std::string_view url, std::string_view default_path) {
  const std::optional<Parts> parts = split(url, default_path);
  if (!parts) return std::nullopt;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(parts->host.c_str(), parts->port.c_str(), &hints, &found) != 0) return std::nullopt;
  Endpoint endpoint;
  std::memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
  endpoint.address_bytes = found->ai_addrlen;
  freeaddrinfo(found);
  const bool colons = parts->host.find(':') != std::string::npos;
  endpoint.host = (colons ? "[" + parts->host + "]" : parts->host) + ":" + parts->port;
  endpoint.path = parts->path;
  endpoint.name = parts->host;
  endpoint.secure = parts->secure;
  return endpoint;
}

int connect_socket(const Endpoint& endpoint, int type_flags, int receive_buffer_bytes) {
  const int made = socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | type_flags, 0);
  if (made < 0) return -1;
  set_no_delay(made);
  // Before connecting: the window that is announced depends on it.
  if (receive_buffer_bytes > 0) set_option(made, SOL_SOCKET, SO_RCVBUF, receive_buffer_bytes);
  const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.address);
  if (connect(made, address, endpoint.address_bytes) != 0 && errno != EINPROGRESS) return close_and_fail(made);
  return made;
}

int listen_socket(const Endpoint& endpoint) {
  const int made = socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) return -1;
  set_option(made, SOL_SOCKET, SO_REUSEADDR, 1);
  const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.address);
  if (bind(made, address, endpoint.address_bytes) != 0 || listen(made, 4096) != 0) return close_and_fail(made);
  return made;
}

void set_no_delay(int socket) { set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1); }

int local_port(int socket) {
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return 0;
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlimit wanted = limit;
  wanted.rlim_cur = wanted.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &wanted) == 0 ? wanted.rlim_cur : limit.rlim_cur;
}

}  // namespace tickrelay::bench
