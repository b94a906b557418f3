#include "bench/load/link.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

bool same_address(const sockaddr& a, const sockaddr_storage& b) {
  if (a.sa_family != b.ss_family) return false;
  if (a.sa_family == AF_INET) {
    return reinterpret_cast<const sockaddr_in&>(a).sin_addr.s_addr ==
           reinterpret_cast<const sockaddr_in&>(b).sin_addr.s_addr;
  }
  return a.sa_family == AF_INET6 && std::memcmp(&reinterpret_cast<const sockaddr_in6&>(a).sin6_addr,
                                                &reinterpret_cast<const sockaddr_in6&>(b).sin6_addr, 16) == 0;
}

// The interface that has the address which the kernel would send from; nothing is sent.
std::string interface_towards(const Endpoint& endpoint) {
  const int probe = socket(endpoint.address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return "";
  sockaddr_storage own{};
  socklen_t bytes = sizeof own;
  const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.address);
  const bool found = connect(probe, address, endpoint.address_bytes) == 0 &&
                     getsockname(probe, reinterpret_cast<sockaddr*>(&own), &bytes) == 0;
  close(probe);
  ifaddrs* all = nullptr;
  if (!found || getifaddrs(&all) != 0) return "";
  std::string name;
  for (const ifaddrs* one = all; one != nullptr && name.empty(); one = one->ifa_next) {
    if (one->ifa_addr != nullptr && same_address(*one->ifa_addr, own)) name = one->ifa_name;
  }
  freeifaddrs(all);
  return name;
}

std::int64_t read_number(const std::string& path) {
  std::int64_t number = 0;
  return std::ifstream(path) >> number ? number : 0;
}

}  // namespace

Link::Link(const Endpoint& endpoint) : interface_(interface_towards(endpoint)) {}

void Link::begin(std::int64_t now_ns) {
  begin_ns_ = now_ns;
  begin_bytes_ = received_bytes();
}

LinkUse Link::end(std::int64_t now_ns) const {
  const double seconds = static_cast<double>(now_ns - begin_ns_) * 1e-9;
  const std::int64_t megabits = read_number("/sys/class/net/" + interface_ + "/speed");
  return {.interface = interface_,
          .speed_bits_per_s = megabits > 0 ? static_cast<double>(megabits) * 1e6 : 0,
          .received_bits_per_s = seconds > 0 ? 8 * static_cast<double>(received_bytes() - begin_bytes_) / seconds : 0};
}

std::int64_t Link::received_bytes() const {
  return read_number("/sys/class/net/" + interface_ + "/statistics/rx_bytes");
}

}  // namespace tickrelay::bench
