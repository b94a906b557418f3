// When what waits in a socket came: a game that polls once a frame would take the wait for the way. Linux tells it for TCP, too.
#pragma once

#include <cstdint>

namespace tickrelay {
inline namespace sdk {

// From here on the kernel notes it. Where it cannot, arrival_us gives 0.
void note_arrivals(int socket);
// µs of now.h's clock, of the newest byte that waits; 0: nothing waits, too much to tell, or it was not noted. Reads nothing.
std::int64_t arrival_us(int socket);
// Bytes that have come for a TCP connection, in its life; 0 where the kernel does not tell.
std::uint64_t bytes_arrived(int socket);

}  // namespace sdk
}  // namespace tickrelay
