#include "relay/door/quota.h"

#include <algorithm>

#include "relay/core/plant.h"

namespace tickrelay {

void Quota::set(const QuotaLimits& limits) {
    const std::scoped_lock lock(mutex_);
    limits_ = limits;
}

// A bucket is kept as the time at which what was taken is paid for.
bool Quota::take(std::int64_t& paid_ns, std::uint32_t per_s, std::int64_t now_ns) {
    if (per_s == 0) return true;
    if (paid_ns - now_ns > burst_ns) return false;
    paid_ns = std::max(paid_ns, now_ns) + 1'000'000'000 / per_s;
    return true;
}

Quota::Verdict Quota::admit(const PeerAddress& from, std::int64_t now_ns) {
    const std::scoped_lock lock(mutex_);
    forget(now_ns);
    if (connections_ >= limits_.connections) return Verdict::connections;
    const PeerAddress address = customer_of(from);
    Customer& customer = customers_[address];
    Verdict verdict = Verdict::admitted;
    if (customer.connections >= limits_.per_address) verdict = Verdict::address_connections;
    else if (!take(customer.connects_paid_ns, limits_.connects_per_s, now_ns)) verdict = Verdict::address_rate;
    if (verdict == Verdict::admitted) {
        ++customer.connections;
        ++connections_;
    } else if (customer.connections == 0 && customer.idle == 0) {
        note_idle(address, customer, now_ns);
    }
    return verdict;
}

void Quota::release(const PeerAddress& from, std::int64_t now_ns) {
    const std::scoped_lock lock(mutex_);
    const PeerAddress address = customer_of(from);
    const auto it = customers_.find(address);
    if (it == customers_.end() || it->second.connections == 0) return;
    --connections_;
    if (--it->second.connections == 0) note_idle(address, it->second, now_ns);
}

bool Quota::may_join(const PeerAddress& from, std::int64_t now_ns) {
    const std::scoped_lock lock(mutex_);
    const auto it = customers_.find(customer_of(from));
    return it == customers_.end() || PLANTED(joins_unpaced) || take(it->second.joins_paid_ns, limits_.joins_per_s, now_ns);
}

std::size_t Quota::known() const {
    const std::scoped_lock lock(mutex_);
    return customers_.size();
}

void Quota::note_idle(const PeerAddress& address, Customer& customer, std::int64_t now_ns) {
    customer.idle = ++idles_;
    idle_.push_back({address, customer.idle, now_ns});
}

// A few entries at each call: what is forgotten costs nobody a pause. Buckets are full again after twice their burst.
void Quota::forget(std::int64_t now_ns) {
    for (int i = 0; i < 4 && !idle_.empty(); ++i) {
        const Idle oldest = idle_.front();
        if (idle_.size() <= remembered_max && now_ns - oldest.since_ns < 2 * burst_ns) return;
        idle_.pop_front();
        const auto it = customers_.find(oldest.address);
        if (it != customers_.end() && it->second.connections == 0 && it->second.idle == oldest.number) customers_.erase(it);
    }
}

}  // namespace tickrelay
