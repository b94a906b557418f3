// WebSockets by libwebsockets: the only user of that library in the SDK. One Sockets per Client, on the Client's
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "relay_link.h"
#include "url.h"

namespace tickrelay {
inline namespace sdk {

class Sockets {
 public:
  // tls: wss may be dialled (reading the system's authorities takes tens of ms). ca_file: further ones to trust, PEM;
  // insecure: trust anybody.
  explicit Sockets(bool tls, const std::string& ca_file = {}, bool insecure = false);
  ~Sockets();  // what is open breaks, without a call. REQUIRES: not within service()
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;

  // Begins to connect; `listener` hears the outcome in service(). It outlives the Link, or the Link is destroyed first.
  // A Link that is destroyed while open closes its socket and is heard of no more. nullptr: out of memory or
  // descriptors.
  std::unique_ptr<Link> connect(const Url& url, LinkListener& listener);

  // Reads all that has come and writes what was left over, without waiting.
  void service();

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sdk
}  // namespace tickrelay
