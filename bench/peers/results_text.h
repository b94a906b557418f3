#pragma once
// The words of RESULTS.md that no measurement changes.

#include <string>

namespace tickrelay::bench {

inline const std::string results_begin = R"(# The same work on other relays

Written by `tickrelay-peers results`; `bench/peers/run` measures and writes all of it again. [How each peer is set up](peers/README.md).

)";

inline const std::string results_matrix =
    R"(Rooms × players × rate; every player moves once a tick (x y z yaw), the server holds the room's state and sends each member what changed at each tick. Server on CPU 0, generator on CPU 1, loopback, no TLS, no
compression. Medians over rounds; within a round every peer has its turn, and each round begins with another.

* *CPU a frame*: time of all the server's threads for each frame that a player got, the input that goes with it included. *× floor*: the median of the ratios to the bare epoll floor in the same round.
* *frames*: of rate × players × time; above 100 % a server makes up for ticks that were late, or its timer is faster than asked. *late*: more than two ticks after the frame before.
* *latency*: from when a player meant to send until another player (or it itself) had the value; it holds the wait for the tick. *state age*: how old the newest value is that a player has, looked at every 10 ms.
* *bytes an update*: what players received, WebSocket framing included, for each entity's new place.
* *back after a drop*: the first player of every room loses its connection, and comes back as this server's own clients do it; until its first state frame.
* *n*: runs that the medians are of, of those that were made. A run is left out where others than the server and the generator had more than a third of a CPU, or the generator itself was late; † where all were so, all count.

)";

inline const std::string results_capacity = R"(## The most rooms of 10 players at 30 Hz on one core

Held: 99 % of the frames came and came on time, and latency p99 was under two ticks (66.7 ms). The search doubles, then bisects; what fails is tried once more. Where "the generator" is what failed, the server may hold more.

)";

inline const std::string results_slow = R"(## Slow players

10 × 64 × 30 Hz, where one player in ten reads 8,000 bytes a second with a receive buffer of 16 KiB. *a player's state*: what the room makes for each player; who needs less than 8 kB/s is not slow here. *age*: of the newest value that a slow player holds. *memory*: growth of the server's resident memory over the 20 s (with what its heap
does by itself), and what the kernel holds unsent or unacknowledged at the end, for each slow player. † Others on the machine disturbed every run.

)";

inline const std::string results_end = R"(## Again

    bench/peers/run                     # everything: about an hour on an idle machine
    bench/peers/run --rounds 1 --short  # a look
)";

}  // namespace tickrelay::bench
