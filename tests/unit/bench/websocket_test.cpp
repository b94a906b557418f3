#include "bench/net/websocket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace tickrelay::bench {
namespace {

using State = WebSocketFrame::State;

std::vector<std::uint8_t> payload_of(std::size_t bytes) {
  std::vector<std::uint8_t> payload(bytes);
  std::iota(payload.begin(), payload.end(), std::uint8_t{1});
  return payload;
}

TEST(WebSocket, frames_of_every_length_come_through) {
  for (const std::size_t bytes : {0, 1, 7, 8, 9, 125, 126, 127, 65'535, 65'536, 70'001}) {
    for (const bool masked : {false, true}) {
      const std::vector<std::uint8_t> payload = payload_of(bytes);
      std::vector<std::uint8_t> wire;
      if (masked) {
        append_client_frame(wire, Opcode::binary, payload, 0xdeadbeef);
      } else {
        append_server_frame(wire, Opcode::binary, payload);
      }
      const std::size_t whole = wire.size();
      wire.push_back(0x82);
      const WebSocketFrame frame = parse_frame(wire, 1 << 20);
      ASSERT_EQ(frame.state, State::complete) << bytes;
      EXPECT_EQ(frame.bytes, whole);
      EXPECT_EQ(std::vector<std::uint8_t>(frame.payload.begin(), frame.payload.end()), payload);
    }
  }
}

TEST(WebSocket, a_frame_that_is_cut_off_waits_for_more) {
  std::vector<std::uint8_t> wire;
  append_client_frame(wire, Opcode::ping, payload_of(100), 77);
  for (std::size_t bytes = 0; bytes < wire.size(); ++bytes) {
    EXPECT_EQ(parse_frame(std::span(wire).first(bytes), 1'000).state, State::incomplete);
  }
}

TEST(WebSocket, fragments_extensions_and_long_payloads_are_broken) {
  std::vector<std::uint8_t> wire;
  append_server_frame(wire, Opcode::binary, payload_of(200));
  EXPECT_EQ(parse_frame(wire, 199).state, State::broken);
  for (const std::uint8_t first : {0x02, 0x01, 0xc2, 0xc1, 0x80, 0x83}) {
    wire[0] = first;
    EXPECT_EQ(parse_frame(wire, 1'000).state, State::broken) << int{first};
  }
}

TEST(WebSocket, text_is_told_from_bytes) {
  std::vector<std::uint8_t> wire;
  append_client_frame(wire, Opcode::text, payload_of(20), 77);
  const WebSocketFrame frame = parse_frame(wire, 1'000);
  ASSERT_EQ(frame.state, State::complete);
  EXPECT_EQ(frame.opcode, Opcode::text);
  EXPECT_TRUE(std::ranges::equal(frame.payload, payload_of(20)));
}

// The example of RFC 6455.
TEST(WebSocket, the_accept_key_is_the_standards) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocket, headers_are_found_in_any_case) {
  const std::string request = upgrade_request("host:1", "/v1", "the key");
  EXPECT_EQ(header_value(request, "sec-websocket-KEY"), "the key");
  EXPECT_EQ(header_value(request, "Sec-WebSocket-Protocol"), "tickrelay.v1");
  EXPECT_EQ(header_value(request, "Sec-WebSocket"), "");
  EXPECT_EQ(header_value("GET / HTTP/1.1\r\nEmpty:  \r\nB:  c  ", "Empty"), "");
  EXPECT_EQ(header_value("GET / HTTP/1.1\r\nEmpty:  \r\nB:  c  ", "b"), "c");
}

}  // namespace
}  // namespace tickrelay::bench
