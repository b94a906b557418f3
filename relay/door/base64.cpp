#include "relay/door/base64.h"

#include <cstdint>

namespace tickrelay {

namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

std::string encode(std::span<const std::byte> bytes, char letter_62, char letter_63) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t bits = 0;
    int held = 0;
    const auto put = [&](std::uint32_t value) {
        text += value < 62 ? letters[value] : value == 62 ? letter_62 : letter_63;
    };
    for (const auto byte : bytes) {
        bits = (bits << 8) | static_cast<std::uint32_t>(byte);
        held += 8;
        while (held >= 6) {
            held -= 6;
            put((bits >> held) & 63);
        }
    }
    if (held > 0) put((bits << (6 - held)) & 63);
    return text;
}

int value_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    if (c == '/' || c == '_') return 63;
    return -1;
}

}  // namespace

std::string encode_base64(std::span<const std::byte> bytes) {
    std::string text = encode(bytes, '+', '/');
    while (text.size() % 4 != 0) text += '=';
    return text;
}

std::string encode_base64url(std::span<const std::byte> bytes) { return encode(bytes, '-', '_'); }

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.ends_with('=') && text.size() % 4 != 0) return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const int value = value_of(c);
        if (value < 0) return std::nullopt;
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes += static_cast<char>((bits >> held) & 255);
        }
    }
    return bytes;
}

}  // namespace tickrelay
