// What the workers made → the sockets.

#include <algorithm>

#include "relay/run/loop.h"
#include "relay/core/plant.h"

namespace tickrelay {

void Loop::send_batch(const Batch& batch) {
    Members& members = members_of(batch.worker, batch.room);
    if (batch.frame_count != 0) members.newest = std::max(members.newest, batch.infos[0].tick);
    for (const YoursItem& item : batch.yours) {
        if (item.socket >= peers_.size()) continue;
        Peer& peer = peers_[item.socket];
        if (peer.phase != Phase::seated || peer.generation != item.generation) continue;
        const Line::Position& has = peer.line.position();
        if (item.after_event <= has.event && item.after_direct <= has.direct) peer.yours = &item;
    }
    if (batch.of_views) return send_views(batch, members);
    if (batch.frame_count != 0) {
        for (const SocketId socket : members.sockets) send_to(socket, batch);
        return;
    }
    for (const YoursItem& item : batch.yours)
        if (item.socket < peers_.size() && peers_[item.socket].yours == &item)
            send_yours_alone(item.socket, peers_[item.socket], batch);
}

// Each its own. Whoever is behind is looked at again: nothing else may come to say that it could take a frame.
void Loop::send_views(const Batch& batch, Members& members) {
    for (const ViewItem& item : batch.views) {
        if (item.socket >= peers_.size()) continue;
        Peer& peer = peers_[item.socket];
        if (peer.phase != Phase::seated || peer.generation != item.generation) continue;
        members.newest = std::max(members.newest, item.info.tick);
        const YoursItem* yours = std::exchange(peer.yours, nullptr);
        const bool made_for_it = item.info.base == 0 || item.info.base == peer.line.position().base;
        if (made_for_it && may_take(peer) && peer.line.choose({&item.info, 1}, yours == nullptr ? 0 : yours->event)) {
            hand(item.socket, item.info, item.number, std::span(batch.view_bytes).subspan(item.offset, item.bytes), yours, batch);
        } else {
            pass_over(peer);
        }
    }
    for (const SocketId socket : members.sockets) {
        peers_[socket].yours = nullptr;
        if (peers_[socket].line.behind()) publish(peers_[socket]);
    }
}

bool Loop::may_take(Peer& peer) {
    hear_shield(peer);
    return !peer.blocked && peer.line.open(now_ns_);
}

// It falls behind: the next frame is made for what it has.
void Loop::pass_over(Peer& peer) {
    peer.line.fall_behind();
    stats_.frames_superseded.add();
    publish(peer);
}

void Loop::send_to(SocketId socket, const Batch& batch) {
    Peer& peer = peers_[socket];
    const std::span infos = std::span(batch.infos).first(batch.frame_count);
    if (infos[0].tick <= peer.line.position().base) {
        if (peer.yours != nullptr) send_yours_alone(socket, peer, batch);
        return;
    }
    const YoursItem* yours = std::exchange(peer.yours, nullptr);
    if (!may_take(peer)) return pass_over(peer);
    const auto chosen = peer.line.choose(infos, yours == nullptr ? 0 : yours->event);
    if (!chosen) return pass_over(peer);
    const Frame& frame = *batch.frames[*chosen];
    hand(socket, infos[*chosen], frame.number, frame.bytes, yours, batch);
}

// With its Yours, in one send.
void Loop::hand(SocketId socket, const FrameInfo& info, std::uint64_t number, std::span<const std::byte> frame, const YoursItem* yours,
                const Batch& batch) {
    Peer& peer = peers_[socket];
    const std::span<const std::byte> first =
        yours == nullptr ? std::span<const std::byte>{} : std::span(batch.yours_bytes).subspan(yours->offset, yours->bytes);
    if (!note_sent(peer, sockets_.send(socket, first, frame)) && !PLANTED(base_unwritten)) {
        if (PLANTED(kill_slow)) return close(socket, CloseCode::overloaded, "");
        if (PLANTED(yours_kept) && yours != nullptr) peer.line.handed_yours(yours->event, yours->direct_last, yours->applied);
        return pass_over(peer);
    }
    count_sent(peer, info, frame.size());
    note_bytes(peer, first.size() + frame.size());
    if (yours != nullptr) {
        stats_.frames_sent(SentKind::yours).add();
        stats_.bytes_sent(SentKind::yours).add(first.size());
        peer.line.handed_yours(yours->event, yours->direct_last, yours->applied);
        peer.link->yours_tick.store(yours->tick, std::memory_order_relaxed);
    }
    const bool shielded = peer.link->shielded.load(std::memory_order_relaxed);
    if (shielded) peer.link->note_handed(number);
    peer.line.handed(info, now_ns_, frame.size() * (shielded ? 2 : 1));  // what goes twice counts twice where bytes are budgeted
    peer.was_sent = true;
    publish(peer);
}

// In a room where nothing else changed. Only for who has that tick: others get theirs with their next frame.
void Loop::send_yours_alone(SocketId socket, Peer& peer, const Batch& batch) {
    const YoursItem& item = *std::exchange(peer.yours, nullptr);
    if (peer.blocked || peer.line.position().base != item.tick) return;
    const auto bytes = std::span(batch.yours_bytes).subspan(item.offset, item.bytes);
    if (!note_sent(peer, sockets_.send(socket, bytes, {}))) return;
    note_bytes(peer, bytes.size());
    stats_.frames_sent(SentKind::yours).add();
    stats_.bytes_sent(SentKind::yours).add(bytes.size());
    peer.line.handed_yours(item.event, item.direct_last, item.applied);
    peer.link->yours_tick.store(item.tick, std::memory_order_relaxed);
    publish(peer);
}

// Whether the socket took it, whole or for later.
bool Loop::note_sent(Peer& peer, Sent sent) {
    if (sent == Sent::kept || sent == Sent::refused) peer.blocked = true;
    return sent == Sent::written || sent == Sent::kept;
}

void Loop::count_sent(const Peer& peer, const FrameInfo& frame, std::size_t bytes) {
    SentKind kind = SentKind::stream;
    if (frame.kind == wire::FrameKind::Whole)
        kind = peer.was_sent ? SentKind::resync : SentKind::join;
    else if (frame.kind == wire::FrameKind::CatchUp)
        kind = frame.base == peer.line.position().base ? SentKind::catch_up : SentKind::shared_base;
    else if (!frame.has_state && frame.event_first != 0)
        kind = SentKind::event;
    stats_.frames_sent(kind).add();
    stats_.bytes_sent(kind).add(bytes);
}

// What the worker may know: where the line stands, and whether it could take a frame made for it.
void Loop::publish(Peer& peer) {
    peer.link->publish(peer.line.position());
    peer.link->frame_bytes_max.store(peer.line.frame_bytes_max(), std::memory_order_relaxed);
    peer.link->behind.store(peer.line.behind(), std::memory_order_relaxed);
    peer.link->wants.store(peer.line.behind() && !peer.blocked && peer.line.open(now_ns_), std::memory_order_release);
}

// Not dropped: what the socket does not take waits until it is writable.
void Loop::send_surely(SocketId socket, std::span<const std::byte> framed) {
    Peer& peer = peers_[socket];
    if (!peer.blocked && note_sent(peer, sockets_.send(socket, framed, {}))) return;
    if (!peer.late) peer.late = std::make_unique<std::vector<std::byte>>();
    if (!peer.late->empty() && peer.late->size() + framed.size() > limits::message_bytes_max * 4) {  // one large answer may wait
        close(socket, CloseCode::rate_limit, "too many answers wait for this connection");
        return;
    }
    peer.late->insert(peer.late->end(), framed.begin(), framed.end());
}

void Loop::writable(SocketId socket) {
    guarded(socket, [&] {
        if (sockets_.simulates(socket)) return sockets_.writable(socket);
        note_writable(socket);
    });
}

void Loop::note_writable(SocketId socket) {
    Peer& peer = peers_[socket];
    now_ns_ = sockets_.now_ns();
    peer.blocked = false;
    peer.line.moved(now_ns_);
    if (peer.late) {
        std::unique_ptr<std::vector<std::byte>> late = std::move(peer.late);
        const Sent sent = sockets_.send(socket, *late, {});
        note_sent(peer, sent);
        if (sent == Sent::refused) peer.late = std::move(late);
    }
    if (peer.phase == Phase::seated) publish(peer);
}

}  // namespace tickrelay
