#include "relay/run/proxy_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "relay/core/plant.h"

namespace tickrelay {

namespace {

using State = ProxyHeader::State;

constexpr std::string_view version_1 = "PROXY ";
constexpr std::string_view version_2("\r\n\r\n\0\r\nQUIT\n", 12);
static_assert(version_2.size() == proxy_header_begin_max);
constexpr std::size_t line_bytes_max = 107;  // with its end
constexpr std::size_t fixed_bytes = 16;      // of version 2

ProxyHeader bad(std::string_view why) { return {.state = State::bad, .why = why}; }
ProxyHeader partial(std::size_t wanted) { return {.state = State::partial, .bytes = wanted}; }

bool begins(std::string_view text, std::string_view with) {
    const std::size_t bytes = std::min(text.size(), with.size());
    return text.substr(0, bytes) == with.substr(0, bytes);
}

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && (text.size() == 1 || text[0] != '0');
}

// "PROXY TCP4 192.0.2.7 192.0.2.1 56324 443", "PROXY TCP6 …", "PROXY UNKNOWN anything".
ProxyHeader read_line(std::string_view line, std::size_t bytes) {
    line.remove_prefix(version_1.size());
    std::array<std::string_view, 5> words;
    std::size_t count = 0;
    for (std::string_view rest = line;; ++count) {
        const std::size_t blank = rest.find(' ');
        if (count < words.size()) words[count] = rest.substr(0, blank);
        if (blank == std::string_view::npos) break;
        rest.remove_prefix(blank + 1);
    }
    ++count;
    if (words[0] == "UNKNOWN") return {.state = State::whole, .bytes = bytes};
    const bool ipv4 = words[0] == "TCP4";
    if (!ipv4 && words[0] != "TCP6") return bad("neither TCP4, TCP6 nor UNKNOWN");
    if (count != words.size() || !is_port(words[3]) || !is_port(words[4])) return bad("not two addresses and two ports");
    const auto from = parse_cidr(words[1]);
    const auto to = parse_cidr(words[2]);
    const auto is_one = [&](const std::optional<Cidr>& address, std::string_view word) {
        return address && word.find('/') == std::string_view::npos && ipv4 == (word.find(':') == std::string_view::npos);
    };
    if (!is_one(from, words[1]) || !is_one(to, words[2])) return bad("an address is none of its family");
    return {.state = State::whole, .bytes = bytes, .peer = from->base};
}

ProxyHeader read_version_1(std::string_view text) {
    const std::size_t end = text.substr(0, line_bytes_max).find('\n');
    if (end == std::string_view::npos) return text.size() >= line_bytes_max ? bad("a line without an end") : partial(text.size() + 1);
    if (end < version_1.size() || text[end - 1] != '\r') return bad("a line that does not end in CR LF");
    return read_line(text.substr(0, end - 1), end + 1);
}

ProxyHeader read_version_2(std::string_view text) {
    if (text.size() < fixed_bytes) return partial(fixed_bytes);
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::size_t bytes = fixed_bytes + (std::size_t{at(14)} << 8 | at(15));
    if (at(12) >> 4 != 2) return bad("neither version 1 nor 2");
    const int command = at(12) & 15;
    if (command > 1) return bad("neither LOCAL nor PROXY");
    if (bytes > proxy_header_bytes_max) return bad("over 4,096 bytes");
    if (text.size() < bytes) return partial(bytes);
    ProxyHeader header{.state = State::whole, .bytes = bytes};
    const int family = at(13) >> 4;
    const std::string_view addresses = text.substr(fixed_bytes, bytes - fixed_bytes);
    if (command == 0 || family == 0) return header;
    if (at(13) == 0x11) {
        if (addresses.size() < 12) return bad("too short for two addresses");
        header.peer = PeerAddress{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
        std::memcpy(header.peer->data() + 12, addresses.data(), 4);
        if (PLANTED(header_short)) header.bytes = fixed_bytes + 12;
        return header;
    }
    if (at(13) != 0x21) return bad("not TCP over IPv4 or IPv6");
    if (addresses.size() < 36) return bad("too short for two addresses");
    header.peer.emplace();
    std::memcpy(header.peer->data(), addresses.data(), 16);
    return header;
}

}  // namespace

ProxyHeader read_proxy_header(std::span<const std::byte> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text.empty()) return partial(1);
    if (begins(text, version_1)) return text.size() < version_1.size() ? partial(version_1.size()) : read_version_1(text);
    if (begins(text, version_2)) return text.size() < version_2.size() ? partial(fixed_bytes) : read_version_2(text);
    return bad("no PROXY header");
}

bool begins_proxy_header(std::span<const std::byte> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return text.starts_with(version_1) || text.starts_with(version_2);
}

}  // namespace tickrelay
