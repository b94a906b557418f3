#include "relay/fleet/directory.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace tickrelay {

namespace {

constexpr std::size_t gone_max = 65'536;
constexpr double headroom_step = 0.05;  // less is no reason to prefer one of two nodes

std::uint64_t mixed(std::string_view id, std::string_view node) {
    std::uint64_t hash = 0xCBF29CE484222325ULL;
    for (const std::string_view text : {id, node})
        for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    hash ^= hash >> 32;
    return hash * 0x9E3779B97F4A7C15ULL;
}

}  // namespace

// ---------------------------------------------------------------------------------------------- what the buckets say

void Directory::node_is(const std::string& name, const NodeEntry& entry, std::uint64_t revision, std::int64_t now_ns) {
    Node& node = nodes_[name];
    if (revision <= node.revision) return;
    const bool another = node.entry.incarnation != entry.incarnation;
    if (another && !node.entry.incarnation.empty()) over_.insert(node.entry.incarnation);
    if (entry.over) over_.insert(entry.incarnation);
    if (another) node.accepted = false;
    node.refused = false;
    node.entry = entry;
    node.revision = revision;
    node.changed_ns = now_ns;
    placed_.erase(name);
}

bool Directory::room_is(const std::string& id, const RoomClaim& entry, std::uint64_t revision, std::int64_t now_ns) {
    newest_room_ = std::max(newest_room_, revision);
    if (const auto gone = gone_.find(id); gone != gone_.end() && revision <= gone->second) return false;
    gone_.erase(id);
    const auto at = rooms_.try_emplace(id).first;
    Room& room = at->second;
    if (revision <= room.revision) return false;
    const bool was_here = room.entry.node == self_ && room.entry.incarnation == incarnation_;
    disown(room.entry.incarnation, at->first);
    owned_[entry.incarnation].emplace(at->first, &room);
    room = {.entry = entry, .revision = revision, .seen_ns = now_ns, .free_ns = -1, .before_nodes = !rooms_listed_};
    return was_here && (entry.node != self_ || entry.incarnation != incarnation_);
}

void Directory::room_gone(const std::string& id, std::uint64_t revision) {
    newest_room_ = std::max(newest_room_, revision);
    const auto known = rooms_.find(id);
    if (known != rooms_.end() && known->second.revision > revision) return;
    if (known != rooms_.end()) {
        disown(known->second.entry.incarnation, known->first);
        rooms_.erase(known);
    }
    std::uint64_t& gone = gone_[id];
    gone = std::max(gone, revision);
    gone_order_.emplace_back(id, gone);
    if (gone_order_.size() <= gone_max) return;
    const auto oldest = gone_.find(gone_order_.front().first);
    if (oldest != gone_.end() && oldest->second == gone_order_.front().second) gone_.erase(oldest);
    gone_order_.pop_front();
}

void Directory::disown(const std::string& incarnation, std::string_view id) {
    const auto rooms = owned_.find(incarnation);
    if (rooms == owned_.end()) return;
    rooms->second.erase(id);
    if (rooms->second.empty()) owned_.erase(rooms);
}

void Directory::was_deaf(std::int64_t now_ns) {
    for (auto& [name, node] : nodes_) node.changed_ns = std::max(node.changed_ns, now_ns);
}

// ---------------------------------------------------------------------------------------------- what a connection said

void Directory::accepted(const std::string& name, const std::string& incarnation) {
    const auto node = nodes_.find(name);
    if (node == nodes_.end() || node->second.entry.incarnation != incarnation) return;
    node->second.accepted = true;
    node->second.refused = false;
}

// An address that never accepted anything from here proves nothing: it may be meant for other networks than this node's.
void Directory::refused(const std::string& name, const std::string& incarnation) {
    const auto node = nodes_.find(name);
    if (node == nodes_.end() || node->second.entry.incarnation != incarnation) return;
    node->second.refused = node->second.accepted;
}

// ---------------------------------------------------------------------------------------------- what follows

bool Directory::lives(const Node& node, std::int64_t now_ns) const {
    return !node.entry.over && now_ns - node.changed_ns < times_.lease_ns + times_.margin_ns;
}

bool Directory::may_be_buried(const Node& node, std::int64_t now_ns) const {
    if (node.entry.over) return false;
    const std::int64_t silent_ns = now_ns - node.changed_ns;
    return silent_ns >= times_.lease_ns + times_.margin_ns || (node.refused && silent_ns >= times_.silent_ns);
}

// An incarnation writes its own key before it claims its first room, and never after another has: once it is known to be over, it is for
// good. One that was never seen in its key may just not have come through yet.
bool Directory::is_free(const Room& room, std::int64_t now_ns) const {
    if (over_.contains(room.entry.incarnation)) return true;
    const auto owner = nodes_.find(room.entry.node);
    if (owner != nodes_.end() && owner->second.entry.incarnation == room.entry.incarnation) return false;
    return room.before_nodes || now_ns - room.seen_ns >= times_.lease_ns + times_.margin_ns;
}

Directory::Found Directory::find(const std::string& id, std::int64_t now_ns) const {
    const auto known = rooms_.find(id);
    if (known == rooms_.end()) return {};
    const RoomClaim& entry = known->second.entry;
    Found found{.where = Where::between, .node = entry.node, .url = {}, .term = entry.term};
    if (entry.node == self_ && entry.incarnation == incarnation_) {
        found.where = Where::here;
        return found;
    }
    const auto owner = nodes_.find(entry.node);
    if (owner == nodes_.end() || owner->second.entry.incarnation != entry.incarnation || !lives(owner->second, now_ns) || owner->second.refused) return found;
    found.where = Where::elsewhere;
    found.url = owner->second.entry.url;
    return found;
}

const Directory::Room* Directory::room(const std::string& id) const {
    const auto known = rooms_.find(id);
    return known == rooms_.end() ? nullptr : &known->second;
}

const Directory::Node* Directory::node(const std::string& name) const {
    const auto known = nodes_.find(name);
    return known == nodes_.end() ? nullptr : &known->second;
}

std::vector<std::string> Directory::to_probe(std::int64_t now_ns) const {
    std::vector<std::string> names;
    for (const auto& [name, node] : nodes_)
        if (name != self_ && !node.entry.over && !node.entry.address.empty() && !node.refused &&
            (!node.accepted || now_ns - node.changed_ns >= times_.silent_ns))
            names.push_back(name);
    return names;
}

std::vector<std::string> Directory::to_bury(std::int64_t now_ns) const {
    std::vector<std::string> names;
    if (!ready()) return names;
    for (const auto& [name, node] : nodes_)
        if (name != self_ && may_be_buried(node, now_ns)) names.push_back(name);
    return names;
}

std::vector<std::string> Directory::to_adopt(std::int64_t now_ns) {
    std::vector<std::string> ids;
    if (!ready()) return ids;
    for (const auto& [incarnation, rooms] : owned_) {
        const auto owner = nodes_.find(rooms.begin()->second->entry.node);
        if (owner != nodes_.end() && owner->second.entry.incarnation == incarnation && !over_.contains(incarnation)) continue;  // none is free
        for (const auto& [name, room] : rooms) {
            if (!is_free(*room, now_ns)) continue;
            if (room->free_ns < 0) room->free_ns = now_ns;
            std::string id(name);
            const auto turn = static_cast<std::int64_t>(turn_of_self(id, now_ns));
            if (now_ns - room->free_ns >= turn * times_.turn_ns) ids.push_back(std::move(id));
        }
    }
    return ids;
}

std::vector<std::string> Directory::own_rooms() const {
    std::vector<std::string> ids;
    const auto rooms = owned_.find(incarnation_);
    if (rooms == owned_.end()) return ids;
    for (const auto& [id, room] : rooms->second)
        if (room->entry.node == self_) ids.emplace_back(id);
    return ids;
}

// All nodes order themselves alike for a room, so that its one claim mostly meets no other; where the first does not come, the next does.
std::size_t Directory::turn_of_self(const std::string& id, std::int64_t now_ns) const {
    std::size_t before = 0;
    const std::uint64_t own = mixed(id, self_);
    for (const auto& [name, node] : nodes_)
        if (name != self_ && lives(node, now_ns) && !node.refused && !node.entry.draining && mixed(id, name) > own) ++before;
    return before;
}

std::string Directory::best(std::int64_t now_ns, const std::string& but) const {
    std::string best;
    std::tuple<double, std::uint32_t> least{};
    for (const auto& [name, node] : nodes_) {
        if (name == but || !lives(node, now_ns) || node.refused || node.entry.draining) continue;
        const auto placed = placed_.find(name);
        const std::uint32_t rooms = node.entry.rooms + (placed == placed_.end() ? 0 : placed->second);
        const std::tuple load{std::floor((1 - node.entry.headroom) / headroom_step), rooms};
        if (best.empty() || load < least) {
            best = name;
            least = load;
        }
    }
    return best;
}

std::size_t Directory::rooms_of(const std::string& node) const {
    std::size_t count = 0;
    for (const auto& [incarnation, rooms] : owned_)
        if (rooms.begin()->second->entry.node == node) count += rooms.size();
    return count;
}

std::vector<std::pair<std::string, Directory::Node>> Directory::nodes() const { return {nodes_.begin(), nodes_.end()}; }

}  // namespace tickrelay
