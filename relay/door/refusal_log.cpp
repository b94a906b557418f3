#include "relay/door/refusal_log.h"

#include <utility>

namespace tickrelay {

std::uint64_t RefusalLog::note(const PeerAddress& from, std::int64_t now_ns) {
    const std::scoped_lock lock(mutex_);
    const PeerAddress customer = customer_of(from);
    const std::string key(customer.begin(), customer.end());
    if (addresses_.size() >= addresses_max && now_ns >= next_look_ns_) {  // not for each of a flood
        next_look_ns_ = now_ns + 1'000'000'000;
        std::erase_if(addresses_, [&](const auto& each) { return now_ns >= each.second.next_ns; });
    }
    if (addresses_.size() >= addresses_max && !addresses_.contains(key)) return 0;
    Address& address = addresses_[key];
    ++address.since;
    if (now_ns < address.next_ns) return 0;
    if (now_ns - second_ns_ >= 1'000'000'000) second_ns_ = now_ns, lines_ = 0;
    if (lines_ >= lines_per_s) return 0;
    ++lines_;
    address.next_ns = now_ns + quiet_ns;
    return std::exchange(address.since, 0);
}

}  // namespace tickrelay
