// What a balancer says before its connection's first byte: the PROXY protocol, versions 1 and 2. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "relay/address.h"

namespace tickrelay {

inline constexpr std::size_t proxy_header_bytes_max = 4096;  // of version 2, whose extensions (TLVs) are skipped

struct ProxyHeader {
    enum class State : std::uint8_t {
        partial,  // it may become one: come again with `bytes` or more
        bad,      // no header, or one that nobody may send: `why`
        whole     // its first `bytes` are the header
    };
    State state = State::partial;
    std::size_t bytes = 0;
    // The player's. Missing: the balancer speaks for itself (LOCAL, UNKNOWN, UNSPEC), as in a health check.
    std::optional<PeerAddress> peer = std::nullopt;
    std::string_view why = {};
};

// `bytes`: what has come so far; what follows the header is not looked at.
ProxyHeader read_proxy_header(std::span<const std::byte> bytes);

inline constexpr std::size_t proxy_header_begin_max = 12;
// Whether it can be nothing else. Of the first proxy_header_begin_max bytes.
bool begins_proxy_header(std::span<const std::byte> bytes);

}  // namespace tickrelay
