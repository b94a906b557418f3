#include "relay/run/tcp_bytes.h"

#include <linux/tcp.h>  // glibc's own, which cannot stand beside it, ends before these counters
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstddef>

namespace tickrelay {

std::uint64_t tcp_bytes_read(int fd) {
    tcp_info info{};
    socklen_t bytes = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0) return 0;
    if (bytes < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received) return 0;
    int waiting = 0;
    ioctl(fd, FIONREAD, &waiting);
    const auto unread = static_cast<std::uint64_t>(waiting);
    return info.tcpi_bytes_received > unread ? info.tcpi_bytes_received - unread : 0;
}

}  // namespace tickrelay
