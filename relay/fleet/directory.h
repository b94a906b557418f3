// Who runs which room, as one node of the fleet knows it, and what follows: who is silent, who may be declared over, which rooms are free
// and whose turn it is to take them. Decisions only: whoever acts on one does it by compare-and-set on the revision that it came from.
// No clock, no thread, no I/O: time is an argument (any clock that goes on while the process sleeps, ns). Owner: its caller, one at a time.
//
// Why two nodes never run one room: a node runs rooms until `lease` after it sent its last renewal that succeeded. Another node declares it
// over no earlier than `lease + margin` after it saw the key change last, which was after that renewal was sent; it does so by overwriting
// the key, so that no later renewal succeeds; and only then claims rooms.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relay/fleet/entries.h"

namespace tickrelay {

struct DirectoryTimes {
    std::int64_t lease_ns = 10'000'000'000;
    std::int64_t margin_ns = 1'000'000'000;   // clocks of two nodes may drift by so much in a lease
    std::int64_t silent_ns = 1'250'000'000;   // a node that did not write for so long is looked at
    std::int64_t turn_ns = 2'000'000'000;     // a free room is the next node's turn after this
};

class Directory {
  public:
    struct Node {
        NodeEntry entry;
        std::uint64_t revision = 0;
        std::int64_t changed_ns = 0;  // when this node saw it change last
        bool accepted = false;        // this incarnation has accepted a connection from here
        bool refused = false;         // ... and refused one since
    };
    struct Room {
        RoomClaim entry;
        std::uint64_t revision = 0;
        std::int64_t seen_ns = 0;    // when this node saw this entry first
        std::int64_t free_ns = -1;   // since when it is known to be free; below 0: it is not
        bool before_nodes = false;   // it was there before this node read who the nodes are
    };
    enum class Where : std::uint8_t {
        nowhere,
        here,
        elsewhere,  // on a node that lives
        between     // its owner is gone, or this node does not run it yet: it is about to be taken up
    };
    struct Found {
        Where where = Where::nowhere;
        std::string node;
        std::string url;
        std::uint32_t term = 0;
    };

    Directory(std::string self, std::string incarnation, DirectoryTimes times)
        : self_(std::move(self)), incarnation_(std::move(incarnation)), times_(times) {}
    Directory(const Directory&) = delete;  // owned_ points into rooms_
    Directory& operator=(const Directory&) = delete;

    // ---- what the buckets say; older revisions are ignored. Rooms first: see `listed`.
    void node_is(const std::string& name, const NodeEntry& entry, std::uint64_t revision, std::int64_t now_ns);
    // Whether it was this node's, and is another's now.
    bool room_is(const std::string& id, const RoomClaim& entry, std::uint64_t revision, std::int64_t now_ns);
    void room_gone(const std::string& id, std::uint64_t revision);
    void rooms_listed() { rooms_listed_ = true; }  // all rooms that there were are known: nodes are read from now on
    void nodes_listed() { nodes_listed_ = true; }
    [[nodiscard]] bool ready() const { return rooms_listed_ && nodes_listed_; }
    void become(std::string incarnation) { incarnation_ = std::move(incarnation); }  // this node was declared over, and begins anew

    // This node could not write for a while, and so perhaps nobody could: nobody's silence before this counts.
    void was_deaf(std::int64_t now_ns);

    // ---- what a connection to a node's address said
    void accepted(const std::string& name, const std::string& incarnation);
    void refused(const std::string& name, const std::string& incarnation);

    // ---- what follows
    [[nodiscard]] Found find(const std::string& id, std::int64_t now_ns) const;
    [[nodiscard]] const Room* room(const std::string& id) const;
    [[nodiscard]] const Node* node(const std::string& name) const;
    [[nodiscard]] bool lives(const Node& node, std::int64_t now_ns) const;
    // Whose address is worth a look now.
    [[nodiscard]] std::vector<std::string> to_probe(std::int64_t now_ns) const;
    // Nodes that may be declared over.
    [[nodiscard]] std::vector<std::string> to_bury(std::int64_t now_ns) const;
    // Free rooms that are this node's turn.
    [[nodiscard]] std::vector<std::string> to_adopt(std::int64_t now_ns);
    // Its owner is over, and so it is anybody's to take up.
    [[nodiscard]] bool is_free(const Room& room, std::int64_t now_ns) const;
    // Rooms that are this node's. It may not run one of them: the answer to its claim was lost.
    [[nodiscard]] std::vector<std::string> own_rooms() const;
    // Where a room is best: most headroom first, then fewest rooms. Empty: nowhere. `but`: not there.
    [[nodiscard]] std::string best(std::int64_t now_ns, const std::string& but = {}) const;
    // A room was sent there: counts until that node's next write.
    void placed(const std::string& name) { ++placed_[name]; }

    [[nodiscard]] const std::string& self() const { return self_; }
    [[nodiscard]] const std::string& incarnation() const { return incarnation_; }
    [[nodiscard]] std::uint64_t newest_room() const { return newest_room_; }  // the highest revision of rooms that it has seen
    [[nodiscard]] std::size_t rooms_of(const std::string& node) const;
    [[nodiscard]] std::vector<std::pair<std::string, Node>> nodes() const;

  private:
    void disown(const std::string& incarnation, std::string_view id);
    [[nodiscard]] bool may_be_buried(const Node& node, std::int64_t now_ns) const;
    [[nodiscard]] std::size_t turn_of_self(const std::string& id, std::int64_t now_ns) const;

    std::string self_;
    std::string incarnation_;
    DirectoryTimes times_;
    std::map<std::string, Node> nodes_;
    std::map<std::string, Room> rooms_;
    std::map<std::string, std::map<std::string_view, Room*>> owned_;  // by incarnation, into rooms_: what is asked often costs nodes, not rooms
    std::map<std::string, std::uint64_t> gone_;  // rooms that ended, lately: an older entry does not bring them back
    std::deque<std::pair<std::string, std::uint64_t>> gone_order_;  // the oldest first; an id may be there again, or no longer in gone_
    std::set<std::string> over_;                 // incarnations that will never run a room again
    std::map<std::string, std::uint32_t> placed_;
    std::uint64_t newest_room_ = 0;
    bool rooms_listed_ = false;
    bool nodes_listed_ = false;
};

}  // namespace tickrelay
