// A message with its WebSocket header, into a buffer that is used again.
#pragma once

#include <algorithm>
#include <vector>

#include "relay/run/sockets.h"

namespace tickrelay {

inline void frame_into(std::vector<std::byte>& out, std::span<const std::byte> payload) {
    out.resize(websocket_header_max + payload.size());
    const std::size_t header = write_websocket_header(out.data(), payload.size());
    std::copy_n(payload.data(), payload.size(), out.data() + header);  // by pointers: of iterators the library makes a loop over bytes
    out.resize(header + payload.size());
}

}  // namespace tickrelay
