#include "relay/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "relay/core/plant.h"

namespace tickrelay {

namespace {

constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr std::uint8_t ipv4_from = 96;
constexpr std::uint8_t customer_bits = 64;

bool parse_plain(std::string_view text, PeerAddress& address, bool& ipv4) {
    const std::string zero_ended(text);
    std::copy(mapped.begin(), mapped.end(), address.begin());
    ipv4 = inet_pton(AF_INET, zero_ended.c_str(), address.data() + mapped.size()) == 1;
    return ipv4 || inet_pton(AF_INET6, zero_ended.c_str(), address.data()) == 1;
}

PeerAddress cut(PeerAddress address, std::uint8_t bits) {
    for (std::size_t i = 0; i < address.size(); ++i) {
        const int kept = std::clamp(static_cast<int>(bits) - static_cast<int>(i) * 8, 0, 8);
        address[i] = static_cast<std::uint8_t>(address[i] & (0xFF00 >> kept));
    }
    return address;
}

}  // namespace

bool is_ipv4(const PeerAddress& address) { return std::equal(mapped.begin(), mapped.end(), address.begin()); }

std::string to_string(const PeerAddress& address) {
    char text[INET6_ADDRSTRLEN] = "";
    if (is_ipv4(address))
        inet_ntop(AF_INET, address.data() + mapped.size(), text, sizeof text);
    else
        inet_ntop(AF_INET6, address.data(), text, sizeof text);
    return text;
}

bool Cidr::holds(const PeerAddress& address) const { return cut(address, bits) == base; }

std::optional<Cidr> parse_cidr(std::string_view text) {
    const std::size_t slash = text.find('/');
    Cidr range;
    bool ipv4 = false;
    if (!parse_plain(text.substr(0, slash), range.base, ipv4)) return std::nullopt;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        std::uint8_t bits = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (error != std::errc{} || end != digits.data() + digits.size() || bits > (ipv4 ? 32 : 128)) return std::nullopt;
        range.bits = static_cast<std::uint8_t>(ipv4 ? ipv4_from + bits : bits);
    }
    range.base = cut(range.base, range.bits);
    return range;
}

std::string to_string(const Cidr& range) {
    std::string text = to_string(range.base);
    if (range.bits == 128) return text;
    const bool ipv4 = is_ipv4(range.base) && range.bits >= ipv4_from;
    return text + "/" + std::to_string(ipv4 ? range.bits - ipv4_from : range.bits);
}

PeerAddress customer_of(const PeerAddress& address) { return is_ipv4(address) || PLANTED(each_address) ? address : cut(address, customer_bits); }

}  // namespace tickrelay
