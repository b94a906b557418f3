// Which handshakes have had their time: all have the same, so they end in the order in which they began. A flood of half ones costs
// its oldest first: whoever means it needs a round trip or two. Owner: the sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "relay/run/sockets.h"

namespace tickrelay {

class Handshakes {
  public:
    struct Begun {
        SocketId socket;
        std::uint64_t number;
        std::int64_t until_ns;
    };

    Handshakes(std::uint32_t timeout_s, std::size_t newer_max) : timeout_ns_(std::int64_t{timeout_s} * 1'000'000'000), newer_max_(newer_max) {}

    // Its number, from 1.
    std::uint64_t begin(SocketId socket, std::int64_t now_ns) {
        begun_.push_back({socket, ++last_, now_ns + timeout_ns_});
        return last_;
    }
    // The next whose time is over; it may be finished long ago.
    std::optional<Begun> due(std::int64_t now_ns) {
        if (begun_.empty() || (begun_.front().until_ns > now_ns && begun_.size() <= newer_max_)) return std::nullopt;
        const Begun begun = begun_.front();
        begun_.pop_front();
        return begun;
    }

    [[nodiscard]] const std::deque<Begun>& all() const { return begun_; }

  private:
    std::int64_t timeout_ns_;
    std::size_t newer_max_;
    std::uint64_t last_ = 0;
    std::deque<Begun> begun_;
};

}  // namespace tickrelay
