#pragma once
// What Linux still holds of what a server has sent, from /proc/net/tcp: unsent or not acknowledged.

#include <cstdint>
#include <vector>

namespace tickrelay::bench {

// Summed over the server's connections to these ports of ours. IPv4, both ends on this machine.
std::int64_t kernel_unsent_bytes(int server_port, const std::vector<int>& client_ports);

}  // namespace tickrelay::bench
