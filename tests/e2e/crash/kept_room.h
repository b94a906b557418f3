// What a relay that is gone has left of a room in its data_dir, read from a copy. No headers of the relay here: the SDK has the same names.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace tickrelay::test {

struct KeptRoom {
    std::uint32_t term = 0;
    std::uint32_t tick = 0;
    std::int64_t made_ms = 0;    // since 1970
    std::uint32_t owners = 0;    // terms that ran on from it; 0: handed over
    std::set<std::string> said;  // the texts of its messages of type "said" that are still held
    std::set<std::string> players;
};

// Nothing: the room is not there. Fails the test where the database or the checkpoint is damaged.
std::optional<KeptRoom> read_kept_room(const std::string& data_dir, const std::string& room_id);

}  // namespace tickrelay::test
