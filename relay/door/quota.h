// How many connections there may be, in all and from one address. Any thread; a mutex, taken once when a connection comes and goes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>

namespace tickrelay {

class Quota {
  public:
    using Address = std::array<std::uint8_t, 16>;  // IPv6; IPv4 as ::ffff:a.b.c.d

    Quota(std::uint32_t connections, std::uint32_t per_address) : connections_max_(connections), per_address_max_(per_address) {}

    [[nodiscard]] bool admit(const Address& address) {
        const std::scoped_lock lock(mutex_);
        if (connections_ >= connections_max_) return false;
        auto& from_here = by_address_[address];
        if (from_here >= per_address_max_) return false;
        ++from_here;
        ++connections_;
        return true;
    }

    void release(const Address& address) {
        const std::scoped_lock lock(mutex_);
        const auto it = by_address_.find(address);
        if (it == by_address_.end()) return;
        if (--it->second == 0) by_address_.erase(it);
        --connections_;
    }

  private:
    const std::uint32_t connections_max_;
    const std::uint32_t per_address_max_;
    std::mutex mutex_;
    std::uint32_t connections_ = 0;
    std::map<Address, std::uint32_t> by_address_;
};

}  // namespace tickrelay
