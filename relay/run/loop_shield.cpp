// Loss shield: the frames that a player's first connection was handed, once more on its second, a few ms later.
//
// A shield has no line: nothing is chosen, kept or made for it, and what its socket has no room for it skips. It carries only what the
// first connection was handed, so whatever its client acknowledges on either was sent on the first.

#include <algorithm>

#include "relay/core/plant.h"
#include "relay/run/loop.h"

namespace tickrelay {

void Loop::hold(const Batch& batch) {
    if (members_of(batch.worker, batch.room).shields.empty()) return;
    if (spare_held_.empty()) {
        spare_held_.reserve(held_.size() + 1);  // all of them come back to it
        spare_held_.emplace_back();
    }
    Held& held = held_.emplace_back(std::move(spare_held_.back()));
    spare_held_.pop_back();
    held.due_ns = now_ns_ + limits::shield_offset_ms * std::int64_t{1'000'000};
    held.worker = batch.worker;
    held.room = batch.room;
    held.copies.clear();
    held.bytes.clear();
    const auto keep = [&held](std::uint64_t number, std::span<const std::byte> frame, LinkId shield) {
        const std::size_t offset = held.bytes.size();
        held.bytes.insert(held.bytes.end(), frame.begin(), frame.end());
        held.copies.push_back({number, offset, frame.size(), shield});
    };
    for (const Frame* frame : std::span(batch.frames).first(batch.frame_count)) keep(frame->number, frame->bytes, 0);
    for (const ViewItem& item : batch.views) {
        const LinkId link = Connection{options_.index, item.generation, item.socket}.id();
        const Peer* peer = peer_of(link);
        if (peer == nullptr || peer->phase != Phase::shield) continue;
        keep(item.number, std::span(batch.view_bytes).subspan(item.offset, item.bytes), link);
    }
    if (!held.copies.empty()) return;
    spare_held_.push_back(std::move(held));
    held_.pop_back();
}

void Loop::send_copies() {
    std::size_t due = 0;
    for (; due < held_.size() && held_[due].due_ns <= now_ns_; ++due) {
        send_held(held_[due]);
        spare_held_.push_back(std::move(held_[due]));
    }
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(due));
}

void Loop::send_held(const Held& held) {
    const Members& members = members_[held.worker][held.room.slot];
    if (members.generation != held.room.generation) return;  // the room has ended since
    if (!held.copies.empty() && held.copies.front().shield != 0) {
        for (const Held::Copy& copy : held.copies)
            if (peer_of(copy.shield) != nullptr) send_copy(Connection::of(copy.shield).socket, held, copy);
        return;
    }
    for (const SocketId socket : members.shields)
        for (const Held::Copy& copy : held.copies)
            if (send_copy(socket, held, copy)) break;
}

// Whether it was this frame that its first connection took.
bool Loop::send_copy(SocketId socket, const Held& held, const Held::Copy& copy) {
    Peer& peer = peers_[socket];
    if (peer.phase != Phase::shield || (!peer.link->was_handed(copy.number) && !PLANTED(shield_unhanded))) return false;
    if (peer.blocked) return true;
    const auto frame = std::span(held.bytes).subspan(copy.offset, copy.bytes);
    if (!note_sent(peer, sockets_.send(socket, {}, frame))) return true;
    stats_.frames_sent(SentKind::shield).add();
    stats_.bytes_sent(SentKind::shield).add(frame.size());
    return true;
}

void Loop::receive_shield_update(SocketId socket, const Actions& actions) {
    if (actions.size() != 0) return close(socket, CloseCode::protocol_error, "actions go on the first connection");
    if (const wire::Ack* ack = actions.acknowledged()) peers_[socket].link->hear(ack->tick(), ack->event(), now_ns_);
}

// What was acknowledged on the shield while the first connection's own word is on its way. One that it was not handed is no reason to
// close it: the shield may be held by another who knows the session.
void Loop::hear_shield(Peer& peer) {
    if (!peer.link->shielded.load(std::memory_order_relaxed)) return;
    const Link::Heard heard = peer.link->read_heard();
    if (heard.tick > peer.line.acknowledged()) (void)peer.line.acknowledge(heard.tick, heard.event, 0, heard.at_ns);
}

}  // namespace tickrelay
