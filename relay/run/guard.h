// What keeps one player, or one address, from taking what others need: the limits of a loop's connections, and whom to ask and to tell.
// Any thread; never asked for a message, only for joins and refusals.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "relay/address.h"
#include "relay/core/drop.h"
#include "relay/core/limits.h"

namespace tickrelay {

// Why a connection came to no WebSocket.
enum class BadHandshake : std::uint8_t {
    unfinished,    // in time, or at all
    origin,        // of a page that may not connect
    proxy_header,  // it begins with one, but is from no balancer
    no_memory,     // for it
};

class Guard {
  public:
    virtual ~Guard() = default;

    // Of each connection; 0: no limit. Loops read them four times a second: a reload may write them.
    std::atomic<std::uint32_t> messages_per_s{0};
    std::atomic<std::uint32_t> bytes_per_s{0};
    std::atomic<std::uint32_t> first_message_ms{limits::join_timeout_ms};

    // Before a join is looked at. Nothing: it may go on.
    virtual std::optional<Drop> join(const PeerAddress& from, std::int64_t now_ns) = 0;
    // For the log: somebody was sent away.
    virtual void refused(const PeerAddress& from, std::string_view reason, std::string_view detail, std::int64_t now_ns) = 0;
};

}  // namespace tickrelay
