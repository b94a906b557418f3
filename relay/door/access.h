// Which web pages may connect, and which balancers speak for others. Any thread; a mutex, taken at a handshake or when a connection
// comes.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "relay/address.h"
#include "relay/door/origin.h"

namespace tickrelay {

class Access {
  public:
    // REQUIRES: each of `proxies` is read by parse_cidr.
    void set(const std::vector<std::string>& origins, bool require_origin, const std::vector<std::string>& proxies);

    [[nodiscard]] bool allows_origin(std::string_view origin) const;
    [[nodiscard]] bool is_balancer(const PeerAddress& address) const;

  private:
    mutable std::mutex mutex_;
    Origins origins_;
    std::vector<Cidr> balancers_;
};

}  // namespace tickrelay
