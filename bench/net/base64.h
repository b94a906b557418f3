#pragma once
// Base64 with padding, as WebSocket handshakes and the admin socket want it.

#include <cstdint>
#include <span>
#include <string>

namespace tickrelay::bench {

std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace tickrelay::bench
