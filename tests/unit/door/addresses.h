// Addresses as text and by number.
#pragma once

#include <string>

#include "relay/address.h"

namespace tickrelay::test {

inline constexpr std::int64_t second = 1'000'000'000;

inline PeerAddress address(const std::string& text) { return parse_cidr(text).value().base; }

// 10.a.b.c
inline PeerAddress nth(std::uint32_t n) {
    return address("10." + std::to_string(n >> 16 & 255) + "." + std::to_string(n >> 8 & 255) + "." + std::to_string(n & 255));
}

}  // namespace tickrelay::test
