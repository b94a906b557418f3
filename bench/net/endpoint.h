#pragma once
// Where a WebSocket server listens: an address that needs no look-up later, and what the handshake says.

#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tickrelay::bench {

class TlsTrust;

struct Endpoint {
  sockaddr_storage address{};
  socklen_t address_bytes = 0;
  std::string host;  // with port, as in the Host header
  std::string path;
  std::string protocol = "tickrelay.v1";  // that the handshake asks for; "": none
  std::string name;     // the host alone, which a certificate is for
  bool secure = false;  // wss or https: needs `tls`
  std::shared_ptr<const TlsTrust> tls;
};

// "ws://HOST:PORT/path", "wss://…", "http://…", "https://…" or "HOST:PORT". Without a path it is `default_path`. nullopt: not
// such a thing, or the host is unknown.
std::optional<Endpoint> resolve(std::string_view url, std::string_view default_path);

// Blocking or not as `type_flags` (SOCK_NONBLOCK) says; TCP_NODELAY is set. -1 and errno where it fails.
int connect_socket(const Endpoint& endpoint, int type_flags, int receive_buffer_bytes = 0);
int listen_socket(const Endpoint& endpoint);
void set_no_delay(int socket);

// Of a bound socket, for a printed URL.
int local_port(int socket);

// As many descriptors as the system lets this process have. Returns how many.
std::size_t raise_descriptor_limit();

}  // namespace tickrelay::bench
