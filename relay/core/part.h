// The head of a chunk's part in StateFrame.parts (PROTOCOL.md, "Views"): numbers in groups of seven bits, lowest first.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "relay/core/line.h"

namespace tickrelay {

inline constexpr std::uint8_t part_gone = 3;  // beside the kinds of frames
inline constexpr std::uint8_t part_key = 4;

inline void put_number(std::vector<std::uint8_t>& to, std::uint32_t number) {
    for (; number >= 0x80; number >>= 7) to.push_back(static_cast<std::uint8_t>(number | 0x80));
    to.push_back(static_cast<std::uint8_t>(number));
}

// A CatchUp without bytes: nothing changed. The payload of a key tick begins with its hash.
inline void put_part(std::vector<std::uint8_t>& to, std::uint32_t chunk, wire::FrameKind kind, bool key = false,
                     std::span<const std::uint8_t> payload = {}) {
    put_number(to, chunk);
    std::uint8_t head = static_cast<std::uint8_t>(kind);
    if (key) head |= part_key;
    to.push_back(head);
    put_number(to, static_cast<std::uint32_t>(payload.size()));
    to.insert(to.end(), payload.begin(), payload.end());
}

// Its copy has nothing of the chunk from here.
inline void put_gone(std::vector<std::uint8_t>& to, std::uint32_t chunk) {
    put_number(to, chunk);
    to.push_back(part_gone);
}

}  // namespace tickrelay
