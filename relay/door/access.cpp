#include "relay/door/access.h"

#include <algorithm>

namespace tickrelay {

void Access::set(const std::vector<std::string>& origins, bool require_origin, const std::vector<std::string>& proxies) {
    std::vector<Cidr> balancers;
    for (const std::string& text : proxies)
        if (const auto range = parse_cidr(text)) balancers.push_back(*range);
    const std::scoped_lock lock(mutex_);
    origins_ = Origins(origins, require_origin);
    balancers_ = std::move(balancers);
}

bool Access::allows_origin(std::string_view origin) const {
    const std::scoped_lock lock(mutex_);
    return origins_.allow(origin);
}

bool Access::is_balancer(const PeerAddress& address) const {
    const std::scoped_lock lock(mutex_);
    return std::ranges::any_of(balancers_, [&](const Cidr& range) { return range.holds(address); });
}

}  // namespace tickrelay
