// How many connections there may be, and how fast connections and joins may come from one address. Any thread; a mutex, taken when a
// connection comes or goes and at a join, never for a message.
//
// Addresses count by customer: IPv4 each, IPv6 by its /64. What is remembered of one without connections is forgotten once its
// buckets are full again; at most `remembered_max` such are kept, then the oldest goes: who comes from so many addresses at once
// gains a fresh bucket, and no memory.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "relay/address.h"

namespace tickrelay {

struct QuotaLimits {
    std::uint32_t connections = 16'384;
    std::uint32_t per_address = 1'024;
    std::uint32_t connects_per_s = 0;  // from one address; 0: no limit
    std::uint32_t joins_per_s = 0;     // likewise
};

class Quota {
  public:
    static constexpr std::size_t remembered_max = 65'536;
    static constexpr std::int64_t burst_ns = 2'000'000'000;  // what was not used of two seconds may come at once

    enum class Verdict : std::uint8_t { admitted, connections, address_connections, address_rate };

    explicit Quota(const QuotaLimits& limits) : limits_(limits) {}

    // Who is over already stays; nobody else comes.
    void set(const QuotaLimits& limits);

    [[nodiscard]] Verdict admit(const PeerAddress& from, std::int64_t now_ns);
    void release(const PeerAddress& from, std::int64_t now_ns);  // of one that was admitted
    [[nodiscard]] bool may_join(const PeerAddress& from, std::int64_t now_ns);

    [[nodiscard]] std::size_t known() const;  // addresses

  private:
    struct Hash {
        std::size_t operator()(const PeerAddress& address) const {
            std::uint64_t halves[2];
            std::memcpy(halves, address.data(), sizeof halves);
            return static_cast<std::size_t>((halves[0] ^ halves[1] * 0x9E3779B97F4A7C15ULL) * 0xD6E8FEB86659FD93ULL >> 16);
        }
    };
    struct Customer {
        std::uint32_t connections = 0;
        std::uint64_t idle = 0;  // its last entry in idle_
        std::int64_t connects_paid_ns = 0;
        std::int64_t joins_paid_ns = 0;
    };
    struct Idle {
        PeerAddress address;
        std::uint64_t number;
        std::int64_t since_ns;
    };

    static bool take(std::int64_t& paid_ns, std::uint32_t per_s, std::int64_t now_ns);
    void note_idle(const PeerAddress& address, Customer& customer, std::int64_t now_ns);
    void forget(std::int64_t now_ns);

    mutable std::mutex mutex_;
    QuotaLimits limits_;
    std::uint32_t connections_ = 0;
    std::unordered_map<PeerAddress, Customer, Hash> customers_;
    std::deque<Idle> idle_;  // oldest first
    std::uint64_t idles_ = 0;
};

}  // namespace tickrelay
