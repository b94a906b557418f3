// What the kernel counts of a TCP connection.
#pragma once

#include <cstdint>

namespace tickrelay {

// Bytes that came and were read from it, in its life; 0 where the kernel does not tell.
std::uint64_t tcp_bytes_read(int fd);

// Bytes that its peer's machine has acknowledged, in its life, while others are on their way; 0: none are, or the kernel does not tell.
std::uint64_t tcp_bytes_delivered(int fd);

}  // namespace tickrelay
