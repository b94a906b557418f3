#include "relay/run/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

namespace tickrelay {
namespace {

using State = ProxyHeader::State;

ProxyHeader read(std::string_view text) { return read_proxy_header(std::as_bytes(std::span(text))); }
std::string peer(std::string_view text) {
    const ProxyHeader header = read(text);
    if (header.state != State::whole) return "no header: " + std::string(header.why);
    return header.peer ? to_string(*header.peer) : "the balancer";
}

std::string version_2(int command, int family, std::string_view addresses, std::string_view extensions = {}) {
    std::string text("\r\n\r\n\0\r\nQUIT\n", 12);
    const std::size_t bytes = addresses.size() + extensions.size();
    text += static_cast<char>(command);
    text += static_cast<char>(family);
    text += static_cast<char>(bytes >> 8);
    text += static_cast<char>(bytes & 0xFF);
    return text.append(addresses).append(extensions);
}

const std::string ipv4("\xC0\x00\x02\x07\xC0\x00\x02\x01\xDC\x04\x01\xBB", 12);
const std::string ipv6("\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01\xDC\x04\x01\xBB", 36);

TEST(ProxyHeader, TellsWhoseTheConnectionIs) {
    EXPECT_EQ(peer("PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n"), "192.0.2.7");
    EXPECT_EQ(peer("PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n"), "2001:db8::7");
    EXPECT_EQ(peer("PROXY UNKNOWN\r\n"), "the balancer");
    EXPECT_EQ(peer("PROXY UNKNOWN ffff:: whatever 1 2\r\n"), "the balancer");
    EXPECT_EQ(peer(version_2(0x21, 0x11, ipv4)), "192.0.2.7");
    EXPECT_EQ(peer(version_2(0x21, 0x21, ipv6)), "2001:db8::7");
    EXPECT_EQ(peer(version_2(0x20, 0x00, "")), "the balancer");
    EXPECT_EQ(peer(version_2(0x20, 0x11, ipv4)), "the balancer");
    EXPECT_EQ(peer(version_2(0x21, 0x00, "")), "the balancer");
    EXPECT_EQ(peer(version_2(0x21, 0x11, ipv4, std::string("\x04\x00\x03xyz\x20\x00\x00", 9))), "192.0.2.7");
}

TEST(ProxyHeader, RefusesWhatNoBalancerSends) {
    for (const std::string& text : {std::string("GET / HTTP/1.1\r\n"), std::string("\x16\x03\x01", 3), std::string("PROXX"),
                                    std::string("PROXY TCP4 192.0.2.7\r\n"), std::string("PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n"),
                                    std::string("PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n"), std::string("PROXY TCP4 192.0.2.7 192.0.2.1 1 65536\r\n"),
                                    std::string("PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n"), std::string("PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n"),
                                    std::string("PROXY TCP4 192.0.2.0/24 192.0.2.1 1 2\r\n"), std::string("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n"),
                                    std::string("PROXY UDP4 192.0.2.7 192.0.2.1 1 2\r\n"), "PROXY " + std::string(120, 'x'),
                                    version_2(0x11, 0x11, ipv4), version_2(0x22, 0x11, ipv4), version_2(0x21, 0x12, ipv4),
                                    version_2(0x21, 0x31, std::string(216, 'x')), version_2(0x21, 0x11, ipv4.substr(1)),
                                    version_2(0x21, 0x21, ipv4), version_2(0x21, 0x11, ipv4, std::string(5'000, '\0'))})
        EXPECT_EQ(read(text).state, State::bad) << text;
}

// The kernel hands a header out in any pieces, and what is behind it belongs to somebody else.
TEST(ProxyHeader, IsTheSameInWhateverPiecesItComes) {
    for (const std::string& header :
         {std::string("PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n"), std::string("PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n"),
          std::string("PROXY UNKNOWN\r\n"), version_2(0x21, 0x11, ipv4), version_2(0x21, 0x21, ipv6), version_2(0x20, 0x00, ""),
          version_2(0x21, 0x11, ipv4, std::string(300, '\0'))}) {
        for (std::size_t have = 0; have < header.size(); ++have) {
            const ProxyHeader part = read(std::string_view(header).substr(0, have));
            ASSERT_EQ(part.state, State::partial) << have << " bytes of " << header;
            ASSERT_GT(part.bytes, have) << "else the wait for more would end at once";
            ASSERT_LE(part.bytes, header.size()) << "else it would never end";
        }
        for (const std::string behind : {"", "G", "GET /v1 HTTP/1.1\r\n\r\n", "PROXY UNKNOWN\r\n"}) {
            const ProxyHeader whole = read(header + behind);
            ASSERT_EQ(whole.state, State::whole);
            EXPECT_EQ(whole.bytes, header.size());
        }
    }
}

}  // namespace
}  // namespace tickrelay
