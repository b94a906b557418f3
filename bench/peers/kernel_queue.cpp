#include "bench/peers/kernel_queue.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <unordered_set>

namespace tickrelay::bench {

std::int64_t kernel_unsent_bytes(int server_port, const std::vector<int>& client_ports) {
  const std::unordered_set<int> wanted(client_ports.begin(), client_ports.end());
  std::ifstream table("/proc/net/tcp");
  std::int64_t sum = 0;
  for (std::string line; std::getline(table, line);) {
    unsigned local = 0, remote = 0, state = 0, unsent = 0;
    // sl local_address rem_address st tx_queue:rx_queue …, all hexadecimal but the first.
    if (std::sscanf(line.c_str(), " %*d: %*8x:%x %*8x:%x %x %x:", &local, &remote, &state, &unsent) != 4) continue;
    if (static_cast<int>(local) == server_port && wanted.contains(static_cast<int>(remote))) sum += unsent;
  }
  return sum;
}

}  // namespace tickrelay::bench
