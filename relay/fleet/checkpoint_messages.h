// A checkpoint as messages of a stream: one head, and parts where it is larger than a message may be. Parts have two places that take turns,
// so that the one before stays whole until the head of the next is there. No clock, no thread, no I/O.
//
// Head: "TRC1", the length of a JSON object as u32 little endian, that object, and the bytes where there are no parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/fleet/store.h"

namespace tickrelay {

inline constexpr std::size_t checkpoint_part_bytes = 512 * 1024;  // a message of a usual nats-server holds 1 MiB

struct CheckpointHead {
    std::int64_t made_ms = 0;
    bool runs_on = true;
    std::uint64_t bytes = 0;
    std::uint64_t hash = 0;
    std::uint32_t parts = 0;  // 0: the bytes follow
    std::uint32_t slot = 0;   // that of the parts
};

struct CheckpointMessages {
    std::string head;
    std::vector<std::string> parts;
};

CheckpointMessages to_messages(const CheckpointBytes& checkpoint, std::uint32_t slot);
// inline_bytes: where there are no parts. Nothing: it is no head.
std::optional<CheckpointHead> parse_head(std::string_view message, std::string_view& inline_bytes);
std::uint64_t checkpoint_hash(std::string_view bytes);

}  // namespace tickrelay
