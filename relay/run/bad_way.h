// One direction of a connection under simulated conditions: messages go in, and come out in the same order when they are due.
// Owner: a BadNetwork, on its loop's thread. No clock: times are arguments, ns; a seed reproduces everything.
//
// It is what TCP would make of such a network: a bottleneck of bytes_per_s with little room before it, then half of the delay. A lost
// packet holds up what is behind it until it has come again: a round trip after three more packets, or when its timer ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "relay/core/conditions.h"

namespace tickrelay {

class BadWay {
  public:
    static constexpr std::size_t waiting_bytes_max = 4 * 1024;  // before the bottleneck, plus a message: as TCP_NOTSENT_LOWAT
    static constexpr std::size_t held_bytes_max = 256 * 1024;   // in all, plus a message: as a large congestion window
    static constexpr std::size_t packet_bytes = 1448;
    static constexpr std::int64_t retransmit_ns = 200'000'000;  // beyond the round trip; doubles with each repeat

    explicit BadWay(std::uint64_t seed) : random_(seed) {}

    // What is on its way comes no later than it would if it were sent now, with nothing lost.
    void set(const Conditions& conditions, std::int64_t now_ns);

    // Whether the sender's socket would say so; `room`: whether it would say that there is room again, for what is half empty.
    [[nodiscard]] bool full(std::int64_t now_ns) const { return fills(now_ns, 1); }
    [[nodiscard]] bool room(std::int64_t now_ns) const { return !fills(now_ns, 2); }
    // When there will be room, where the bottleneck alone decides.
    [[nodiscard]] std::int64_t room_at_ns() const;

    void put(std::span<const std::byte> first, std::span<const std::byte> second, std::int64_t now_ns);  // copied
    [[nodiscard]] bool empty() const { return held_.empty(); }
    [[nodiscard]] std::int64_t due_ns() const { return held_.empty() ? never : held_.front().due_ns; }
    [[nodiscard]] std::span<const std::byte> front() const { return held_.front().bytes; }
    std::vector<std::byte> take();  // the front one

    static constexpr std::int64_t never = INT64_MAX;

  private:
    struct Held {
        std::vector<std::byte> bytes;
        std::int64_t left_ns = 0;  // the bottleneck
        std::int64_t due_ns = 0;
        std::uint32_t packets_behind = 0;
        bool lost = false;  // once, and the repeat comes
    };
    [[nodiscard]] bool fills(std::int64_t now_ns, std::size_t part) const;
    [[nodiscard]] std::int64_t transfer_ns(std::size_t bytes) const;
    [[nodiscard]] std::int64_t way_ns();
    void lose(Held& held);
    void note_behind(std::uint32_t packets, std::int64_t left_ns);
    [[nodiscard]] double share();  // 0 to below 1

    Conditions conditions_;
    std::uint64_t random_;
    std::int64_t free_ns_ = 0;  // when the bottleneck is
    std::size_t held_bytes_ = 0;
    std::deque<Held> held_;
};

}  // namespace tickrelay
