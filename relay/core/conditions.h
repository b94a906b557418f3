// The network that a tester wants a player to have, beyond the one it has. A seat's: it follows from connection to connection.
#pragma once

#include <cstdint>

namespace tickrelay {

struct Conditions {
    std::uint32_t delay_ms = 0;     // more on the round trip, half of it each way
    std::uint32_t jitter_ms = 0;    // the round trip varies by so much, up and down
    double loss = 0;                // share of packets, each way, 0 to 1. TCP makes stalls of them
    std::uint64_t bytes_per_s = 0;  // each way; 0: no bound

    [[nodiscard]] bool any() const { return delay_ms != 0 || jitter_ms != 0 || loss > 0 || bytes_per_s != 0; }
    friend bool operator==(const Conditions&, const Conditions&) = default;
};

}  // namespace tickrelay
