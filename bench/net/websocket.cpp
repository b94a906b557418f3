#include "bench/net/websocket.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cstring>

#include "bench/net/base64.h"

namespace tickrelay::bench {
namespace {

constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::size_t header_bytes_max = 14;

std::uint64_t read_big_endian(const std::uint8_t* bytes, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[i];
  return value;
}

// The key is four bytes in wire order; eight bytes are done at a time.
void apply_mask(std::uint8_t* bytes, std::size_t count, std::uint32_t mask) {
  const std::uint64_t wide = std::uint64_t{mask} << 32 | mask;
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes + i, 8);
    word ^= wide;
    std::memcpy(bytes + i, &word, 8);
  }
  std::array<std::uint8_t, 4> key;
  std::memcpy(key.data(), &mask, 4);
  for (; i < count; ++i) bytes[i] ^= key[i % 4];
}

bool known(std::uint8_t opcode) {
  return opcode == static_cast<std::uint8_t>(Opcode::text) || opcode == static_cast<std::uint8_t>(Opcode::binary) ||
         (opcode >= 8 && opcode <= 10);
}

std::size_t put_header(std::uint8_t* out, Opcode opcode, std::size_t payload_bytes, std::uint8_t masked) {
  out[0] = final_bit | static_cast<std::uint8_t>(opcode);
  if (payload_bytes < 126) {
    out[1] = masked | static_cast<std::uint8_t>(payload_bytes);
    return 2;
  }
  const std::size_t width = payload_bytes < 65536 ? 2 : 8;
  out[1] = masked | (width == 2 ? 126 : 127);
  for (std::size_t i = 0; i < width; ++i) {
    out[2 + i] = static_cast<std::uint8_t>(payload_bytes >> (8 * (width - 1 - i)));
  }
  return 2 + width;
}

}  // namespace

static_assert(std::endian::native == std::endian::little);

WebSocketFrame parse_frame(std::span<std::uint8_t> buffer, std::size_t payload_bytes_max) {
  using State = WebSocketFrame::State;
  WebSocketFrame frame;
  if (buffer.size() < 2) return frame;
  const std::uint8_t opcode = buffer[0] & 0x0f;
  if ((buffer[0] & 0xf0) != final_bit || !known(opcode)) return frame.state = State::broken, frame;
  frame.opcode = static_cast<Opcode>(opcode);
  const bool masked = (buffer[1] & mask_bit) != 0;
  const std::uint8_t short_length = buffer[1] & 0x7f;
  const std::size_t width = short_length < 126 ? 0 : short_length == 126 ? 2 : 8;
  const std::size_t header = 2 + width + (masked ? 4 : 0);
  if (buffer.size() < header) return frame;
  const std::uint64_t length = width == 0 ? short_length : read_big_endian(buffer.data() + 2, width);
  if (length > payload_bytes_max) return frame.state = State::broken, frame;
  if (buffer.size() - header < length) return frame;
  frame.payload = buffer.subspan(header, length);
  frame.bytes = header + length;
  frame.state = State::complete;
  if (masked) {
    std::uint32_t mask;
    std::memcpy(&mask, buffer.data() + header - 4, 4);
    apply_mask(frame.payload.data(), length, mask);
  }
  return frame;
}

void append_server_frame(std::vector<std::uint8_t>& out, Opcode opcode, std::span<const std::uint8_t> payload) {
  std::array<std::uint8_t, header_bytes_max> header;
  const std::size_t count = put_header(header.data(), opcode, payload.size(), 0);
  out.insert(out.end(), header.begin(), header.begin() + count);
  out.insert(out.end(), payload.begin(), payload.end());
}

void append_client_frame(std::vector<std::uint8_t>& out, Opcode opcode, std::span<const std::uint8_t> payload,
                         std::uint32_t mask) {
  std::array<std::uint8_t, header_bytes_max> header;
  const std::size_t count = put_header(header.data(), opcode, payload.size(), mask_bit);
  std::memcpy(header.data() + count, &mask, 4);
  out.insert(out.end(), header.begin(), header.begin() + count + 4);
  const std::size_t start = out.size();
  out.insert(out.end(), payload.begin(), payload.end());
  apply_mask(out.data() + start, payload.size(), mask);
}

std::string accept_key(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), digest.data());
  return base64(digest);
}

std::string upgrade_request(std::string_view host, std::string_view path, std::string_view key,
                            std::string_view protocol) {
  std::string text = "GET ";
  text.append(path).append(" HTTP/1.1\r\nHost: ").append(host);
  text.append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
  text.append(key);
  if (!protocol.empty()) text.append("\r\nSec-WebSocket-Protocol: ").append(protocol);
  text.append("\r\n\r\n");
  return text;
}

std::string upgrade_answer(std::string_view key) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Protocol: tickrelay.v1\r\nSec-WebSocket-Accept: " +
         accept_key(key) + "\r\n\r\n";
}

std::string_view header_value(std::string_view text, std::string_view name) {
  const auto same = [](char a, char b) { return std::tolower(a) == std::tolower(b); };
  std::size_t line = text.find("\r\n");
  while (line != std::string_view::npos) {
    const std::size_t start = line + 2;
    line = text.find("\r\n", start);
    const std::string_view header = text.substr(start, line == std::string_view::npos ? line : line - start);
    if (header.size() <= name.size() || header[name.size()] != ':') continue;
    if (!std::equal(name.begin(), name.end(), header.begin(), same)) continue;
    const std::size_t value = header.find_first_not_of(" \t", name.size() + 1);
    if (value == std::string_view::npos) return {};
    return header.substr(value, header.find_last_not_of(" \t") + 1 - value);
  }
  return {};
}

}  // namespace tickrelay::bench
