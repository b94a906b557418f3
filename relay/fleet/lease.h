// A node's right to run rooms: so long after it *sent* the last renewal that succeeded. Renewals are compare-and-set on the node's own
// key, so that none succeeds after another node has overwritten it; then a new tenure begins, and rooms of the one before are others'.
// Time is CLOCK_BOOTTIME, ns, which goes on while the process or the machine sleeps. One writer; any thread asks.
#pragma once

#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "relay/core/right.h"

namespace tickrelay {

inline std::int64_t boottime_ns() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class Lease final : public Right {
  public:
    explicit Lease(std::int64_t length_ns) : length_ns_(length_ns) {}

    void renewed(std::int64_t sent_ns) { until_ns_ = std::max(until_ns(), sent_ns + length_ns_); }
    // Another node has overwritten the key.
    void end() {
        until_ns_ = 0;
        ++tenure_;
    }

    [[nodiscard]] std::int64_t until_ns() const { return until_ns_; }
    [[nodiscard]] bool holds(std::int64_t now_ns) const { return now_ns < until_ns(); }
    [[nodiscard]] std::uint32_t tenure() const override {
        const std::uint32_t before = tenure_;
        return holds(boottime_ns()) && tenure_ == before ? before : 0;  // read again: the time may be another tenure's
    }

  private:
    const std::int64_t length_ns_;
    std::atomic<std::int64_t> until_ns_{0};
    std::atomic<std::uint32_t> tenure_{1};
};

}  // namespace tickrelay
