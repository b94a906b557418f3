#include "relay/run/sockets.h"

namespace tickrelay {
namespace {

constexpr std::size_t close_text_bytes_max = 123;  // a control frame holds 125

}  // namespace

std::size_t write_websocket_header(std::byte* out, std::size_t payload_bytes) {
    const auto put = [out](std::size_t at, std::size_t value) { out[at] = static_cast<std::byte>(value & 0xFF); };
    put(0, 0x82);  // final, binary
    if (payload_bytes < 126) {
        put(1, payload_bytes);
        return 2;
    }
    if (payload_bytes < 65'536) {
        put(1, 126);
        put(2, payload_bytes >> 8);
        put(3, payload_bytes);
        return 4;
    }
    put(1, 127);
    for (std::size_t i = 0; i < 8; ++i) put(2 + i, payload_bytes >> (8 * (7 - i)));
    return 10;
}

std::string websocket_close_text(CloseCode code, std::string_view detail) {
    std::string text(label(code));
    if (!detail.empty()) text.append(": ").append(detail);
    if (text.size() > close_text_bytes_max) {
        std::size_t end = close_text_bytes_max;
        while (end > 0 && (text[end] & 0xC0) == 0x80) --end;  // never within a character
        text.resize(end);
    }
    return text;
}

}  // namespace tickrelay
