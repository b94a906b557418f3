// Base64 (RFC 4648): bytes inside JSON. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tickrelay {

std::string encode_base64(std::span<const std::byte> bytes);     // with padding
std::string encode_base64url(std::span<const std::byte> bytes);  // for URLs, without padding

// Both alphabets, padding may be missing. Anything else, line breaks too, gives nothing.
std::optional<std::string> decode_base64(std::string_view text);

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace tickrelay
