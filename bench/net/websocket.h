#pragma once
// RFC 6455 as far as the bench speaks it: handshake texts and whole frames, no extensions, no sockets.
// Stateless. Fragmented messages count as broken: no server here sends any.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tickrelay::bench {

enum class Opcode : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

struct WebSocketFrame {
  enum class State { incomplete, complete, broken };
  State state = State::incomplete;
  Opcode opcode = Opcode::binary;
  std::span<std::uint8_t> payload;  // unmasked, in the buffer that was given
  std::size_t bytes = 0;            // of the whole frame
};

// Looks at the start of the buffer and unmasks in place what is complete.
WebSocketFrame parse_frame(std::span<std::uint8_t> buffer, std::size_t payload_bytes_max);

void append_server_frame(std::vector<std::uint8_t>& out, Opcode opcode, std::span<const std::uint8_t> payload);
void append_client_frame(std::vector<std::uint8_t>& out, Opcode opcode, std::span<const std::uint8_t> payload,
                         std::uint32_t mask);

// Sec-WebSocket-Accept of a Sec-WebSocket-Key.
std::string accept_key(std::string_view key);

// Without a protocol it asks for none.
std::string upgrade_request(std::string_view host, std::string_view path, std::string_view key,
                            std::string_view protocol = "tickrelay.v1");
std::string upgrade_answer(std::string_view key);

// Value of a header in a complete request or answer, "" where it is missing.
std::string_view header_value(std::string_view text, std::string_view name);

}  // namespace tickrelay::bench
