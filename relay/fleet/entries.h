// What the fleet's directory holds, as values of its two buckets: nodes by name, rooms by id. JSON, so that an operator's tool reads it;
// who does not know a key skips it. No clock, no thread, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tickrelay {

// A node writes its own once a second. Another one overwrites it with `over` before it claims that node's rooms.
struct NodeEntry {
    std::string incarnation;    // of its process, random: a node that starts again is another owner
    std::string url;            // where players connect
    std::string address;        // its listener, as the other nodes reach it: a connection that is refused there proves the process dead
    double headroom = 1;
    std::uint32_t rooms = 0;
    bool draining = false;      // takes no rooms
    bool over = false;          // its rooms are free: it ended, or another node says so
    std::uint64_t beat = 0;     // counts its writes
    std::int64_t time_ms = 0;   // since 1970, its clock
    std::int64_t kept_ms = 0;   // all changes of its rooms up to here are durable

    friend bool operator==(const NodeEntry&, const NodeEntry&) = default;
};

// Written by whoever claims the room, by compare-and-set on the entry before.
struct RoomClaim {
    std::string node;
    std::string incarnation;
    std::uint32_t term = 0;       // above that of every entry before, of any room with this id
    std::uint32_t kept_term = 0;  // of the checkpoint that it was taken up from, until there is one of `term`; 0: none
    std::uint32_t owners = 0;     // terms that ran on from that checkpoint and wrote no others
    std::int64_t lost_ms = 0;     // for how long they did, all together, at most

    friend bool operator==(const RoomClaim&, const RoomClaim&) = default;
};

std::string to_text(const NodeEntry& entry);
std::string to_text(const RoomClaim& entry);
// Nothing: it is no such entry.
std::optional<NodeEntry> parse_node(std::string_view text);
std::optional<RoomClaim> parse_room(std::string_view text);

// Any name as a key of a bucket, and back. Letters, digits, - and _ stay; the others are =XX.
std::string key_of(std::string_view name);
std::optional<std::string> name_of_key(std::string_view key);

}  // namespace tickrelay
