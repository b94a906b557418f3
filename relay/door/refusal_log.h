// One line for many refusals: who was sent away is in the log, and a flood of them does not fill it. Any thread; a mutex.
//
// An address is named when it is first refused, then at most every ten seconds with how often it was; at most lines_per_s lines a
// second come in all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "relay/address.h"

namespace tickrelay {

class RefusalLog {
  public:
    static constexpr std::int64_t quiet_ns = 10'000'000'000;
    static constexpr std::uint32_t lines_per_s = 10;
    static constexpr std::size_t addresses_max = 1'024;

    // Whether to write a line now, and for how many refusals it stands; 0: none.
    [[nodiscard]] std::uint64_t note(const PeerAddress& from, std::int64_t now_ns);

  private:
    struct Address {
        std::int64_t next_ns = INT64_MIN;  // before that it is not named again
        std::uint64_t since = 0;
    };
    std::mutex mutex_;
    std::unordered_map<std::string, Address> addresses_;  // by customer
    std::int64_t next_look_ns_ = 0;
    std::int64_t second_ns_ = 0;                          // in which
    std::uint32_t lines_ = 0;                             // ... so many were written
};

}  // namespace tickrelay
