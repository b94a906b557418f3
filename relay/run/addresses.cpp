#include "relay/run/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace tickrelay {

std::vector<std::string> own_addresses() {
    std::vector<std::string> found;
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) != 0) return found;
    for (const ifaddrs* each = all; each; each = each->ifa_next) {
        const bool is_up = (each->ifa_flags & IFF_UP) != 0, is_loopback = (each->ifa_flags & IFF_LOOPBACK) != 0;
        if (!each->ifa_addr || each->ifa_addr->sa_family != AF_INET || !is_up || is_loopback) continue;
        char text[INET_ADDRSTRLEN];
        const auto* address = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
        if (inet_ntop(AF_INET, &address->sin_addr, text, sizeof text)) found.emplace_back(text);
    }
    freeifaddrs(all);
    return found;
}

PeerAddress peer_of(const sockaddr_storage& from) {
    PeerAddress address{};
    if (from.ss_family == AF_INET6) {
        std::memcpy(address.data(), &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, 16);
    } else if (from.ss_family == AF_INET) {
        address[10] = address[11] = 0xFF;
        std::memcpy(address.data() + 12, &reinterpret_cast<const sockaddr_in&>(from).sin_addr, 4);
    }
    return address;
}

PeerAddress peer_of(int fd) {
    sockaddr_storage from{};
    socklen_t bytes = sizeof from;
    getpeername(fd, reinterpret_cast<sockaddr*>(&from), &bytes);
    return peer_of(from);
}

}  // namespace tickrelay
