// Where a connection comes from, and ranges of such addresses. Plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tickrelay {

using PeerAddress = std::array<std::uint8_t, 16>;  // IPv6; IPv4 as ::ffff:a.b.c.d

std::string to_string(const PeerAddress& address);  // "192.0.2.7", "2001:db8::7"
bool is_ipv4(const PeerAddress& address);

// Addresses whose first `bits` are those of `base`; the others of `base` are 0. IPv4's bits count from 96.
struct Cidr {
    PeerAddress base{};
    std::uint8_t bits = 128;

    [[nodiscard]] bool holds(const PeerAddress& address) const;
    friend bool operator==(const Cidr&, const Cidr&) = default;
};

// "10.0.0.0/8", "2001:db8::/32", or one address; bits of the address beyond the range are dropped.
std::optional<Cidr> parse_cidr(std::string_view text);
std::string to_string(const Cidr& range);  // as parse_cidr reads it; one address without "/…"

// What stands for one customer: an IPv4 address, of an IPv6 one its /64, which one customer has at the least.
PeerAddress customer_of(const PeerAddress& address);

}  // namespace tickrelay
