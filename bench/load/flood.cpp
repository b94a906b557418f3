#include "bench/load/flood.h"

#include <poll.h>
#include <unistd.h>

#include <deque>
#include <string_view>

namespace tickrelay::bench {

void Flood::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Flood::run() {
  constexpr std::string_view begun = "GET /v1 HTTP/1.1\r\nHost: fl";
  std::deque<int> half_open;
  while (!stopping_) {
    const int fd = connect_socket(endpoint_, 0);
    if (fd < 0) {  // no port or no descriptor is left for the moment
      poll(nullptr, 0, 1);
      continue;
    }
    if (++connects_ % 2 == 0) {
      close(fd);
      continue;
    }
    if (!endpoint_.secure) (void)!write(fd, begun.data(), begun.size());  // else a TLS handshake that never begins
    half_open.push_back(fd);
    if (half_open.size() <= half_open_max) continue;
    close(half_open.front());
    half_open.pop_front();
  }
  for (const int fd : half_open) close(fd);
}

}  // namespace tickrelay::bench
