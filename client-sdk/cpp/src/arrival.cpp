#include "arrival.h"

#include <netinet/in.h>
#include <sys/socket.h>
#if __has_include(<linux/tcp.h>)
#include <linux/tcp.h>  // glibc's own ends before this counter
#endif

#include <array>
#include <cstddef>
#include <cstring>
#include <ctime>

#include "now.h"

namespace tickrelay {
inline namespace sdk {

#ifdef SCM_TIMESTAMPNS

void note_arrivals(int socket) {
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

std::int64_t arrival_us(int socket) {
  std::array<char, 4096> waiting;
  alignas(cmsghdr) std::array<char, 256> control;
  iovec into{waiting.data(), waiting.size()};
  msghdr message{};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t bytes = recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT);
  if (bytes <= 0 || static_cast<std::size_t>(bytes) == waiting.size()) return 0;
  for (cmsghdr* told = CMSG_FIRSTHDR(&message); told != nullptr; told = CMSG_NXTHDR(&message, told)) {
    if (told->cmsg_level != SOL_SOCKET || told->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec came, now;
    std::memcpy(&came, CMSG_DATA(told), sizeof came);
    clock_gettime(CLOCK_REALTIME, &now);
    const std::int64_t ago_us = (now.tv_sec - came.tv_sec) * std::int64_t{1'000'000} + (now.tv_nsec - came.tv_nsec) / 1000;
    const bool plausible = ago_us >= 0 && ago_us < 1'000'000;  // the wall clock may have been set meanwhile
    return plausible ? now_us() - ago_us : 0;
  }
  return 0;
}

#else

void note_arrivals(int) {}
std::int64_t arrival_us(int) { return 0; }

#endif

std::uint64_t bytes_arrived(int socket) {
#ifdef TCP_INFO
  tcp_info info{};
  socklen_t bytes = sizeof info;
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0) return 0;
  return bytes < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received ? 0 : info.tcpi_bytes_received;
#else
  (void)socket;
  return 0;
#endif
}

}  // namespace sdk
}  // namespace tickrelay
