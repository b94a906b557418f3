#include "relay/run/tcp_bytes.h"

#include <linux/sockios.h>
#include <linux/tcp.h>  // glibc's own, which cannot stand beside it, ends before these counters
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstddef>

namespace tickrelay {

namespace {

// Both counters, as one came with the other; 0 of an older kernel.
tcp_info info_of(int fd) {
    tcp_info info{};
    socklen_t bytes = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0) return {};
    return bytes < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received ? tcp_info{} : info;
}

}  // namespace

std::uint64_t tcp_bytes_delivered(int fd) {
    int on_their_way = 0;
    return ioctl(fd, SIOCOUTQ, &on_their_way) == 0 && on_their_way != 0 ? info_of(fd).tcpi_bytes_acked : 0;
}

std::uint64_t tcp_bytes_read(int fd) {
    const tcp_info info = info_of(fd);
    int waiting = 0;
    ioctl(fd, FIONREAD, &waiting);
    const auto unread = static_cast<std::uint64_t>(waiting);
    return info.tcpi_bytes_received > unread ? info.tcpi_bytes_received - unread : 0;
}

}  // namespace tickrelay
