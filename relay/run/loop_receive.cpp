// What clients send → the workers' inboxes, or an answer at once.

#include <algorithm>

#include "relay/run/framing.h"
#include "relay/run/join.h"
#include "relay/run/loop.h"
#include "relay/core/plant.h"

namespace tickrelay {

namespace {

constexpr std::uint32_t list_costs_messages = 16;  // it looks at all rooms,
constexpr std::size_t rooms_looked_at_a_message = 256;  // ... which costs more where there are many

constexpr ReceivedKind kind_of(wire::ActionKind kind) {
    return static_cast<ReceivedKind>(static_cast<std::uint8_t>(ReceivedKind::set) + static_cast<std::uint8_t>(kind));
}
static_assert(kind_of(wire::ActionKind::Answer) == ReceivedKind::answer && kind_of(wire::ActionKind::Message) == ReceivedKind::message);

}  // namespace

void Loop::received(SocketId socket, std::span<const std::byte> message) {
    guarded(socket, [&] {
        if (sockets_.simulates(socket)) return sockets_.received(socket, message);
        take_message(socket, message);
    });
}

void Loop::take_message(SocketId socket, std::span<const std::byte> message) {
    now_ns_ = sockets_.now_ns();
    ++received_since_sweep_;
    stats_.bytes_received.add(message.size());
    charge(socket, 1, message.size());
    const Request request = decode(message);
    if (const auto* drop = std::get_if<Drop>(&request)) return refuse(socket, *drop);
    if (const auto* actions = std::get_if<Actions>(&request)) return receive_update(socket, message, *actions);
    if (const auto* ping = std::get_if<PingRequest>(&request)) return receive_ping(socket, *ping);
    if (const auto* join = std::get_if<JoinRequest>(&request)) return receive_join(socket, message, *join);
    if (const auto* list = std::get_if<ListRequest>(&request)) return receive_list(socket, *list);
    if (const auto* pace = std::get_if<PaceRequest>(&request)) return receive_pace(socket, *pace);
    if (const auto* resync = std::get_if<ResyncRequest>(&request)) return receive_resync(socket, *resync);
    receive_leave(socket);
}

void Loop::receive_join(SocketId socket, std::span<const std::byte> message, const JoinRequest& join) {
    stats_.messages_received(ReceivedKind::join).add();
    Peer& peer = peers_[socket];
    if (peer.phase != Phase::fresh || peer.join_waits) return refuse(socket, {CloseCode::protocol_error, "a second Join"});
    if (options_.guard == nullptr || !hold_join(socket, message)) take_join(socket, join);
}

void Loop::take_join(SocketId socket, const JoinRequest& join) {
    Peer& peer = peers_[socket];
    // Before the gate reserves a seat: from there on nothing may find no memory.
    auto errand = std::make_unique<JoinErrand>(join, link_of(socket), sockets_.peer(socket));
    Verdict verdict = gate_.admit(join, now_ns_);
    if (const auto* drop = std::get_if<Drop>(&verdict)) return refuse(socket, *drop);
    if (const auto* elsewhere = std::get_if<Redirect>(&verdict)) return redirect(socket, elsewhere->url, elsewhere->room_id);
    peer.phase = Phase::joining;
    Pass& pass = std::get<Pass>(verdict);
    const std::uint32_t worker = pass.room->worker;
    Inbound item;
    item.kind = Inbound::Kind::errand;
    errand->give(std::move(pass));
    item.errand = std::move(errand);
    send_inbound(worker, std::move(item), true);
}

// The room is on another node.
void Loop::redirect(SocketId socket, std::string_view url, std::string_view room_id) {
    builder_.Clear();
    const auto to = builder_.CreateString(url);
    const auto room = builder_.CreateString(room_id);
    const auto moved = wire::CreateMoved(builder_, to, room);
    builder_.Finish(wire::CreateMessage(builder_, wire::Body::Moved, moved.Union()), "TRM1");
    frame_into(scratch_, std::as_bytes(std::span(builder_.GetBufferPointer(), builder_.GetSize())));
    send_surely(socket, scratch_);
    close(socket, CloseCode::moved, {});
}

void Loop::receive_update(SocketId socket, std::span<const std::byte> message, const Actions& actions) {
    stats_.messages_received(ReceivedKind::update).add();
    Peer& peer = peers_[socket];
    if (peer.phase == Phase::shield) return receive_shield_update(socket, actions);
    if (peer.phase != Phase::seated) {
        if (peer.phase != Phase::closing) refuse(socket, {CloseCode::protocol_error, "an Update before Welcome"});
        return;
    }
    if (const wire::Ack* ack = actions.acknowledged()) {
        if (!peer.line.acknowledge(ack->tick(), ack->event(), ack->direct(), now_ns_))
            return refuse(socket, {CloseCode::protocol_error, "acknowledges what was not sent"});
        if (peer.line.behind()) publish(peer);
        if (ack->direct() > peer.direct_told) {
            peer.direct_told = ack->direct();
            Inbound item;
            item.kind = Inbound::Kind::acknowledged;
            item.room = peer.room;
            item.player = peer.player;
            item.link = link_of(socket);
            item.direct = ack->direct();
            send_inbound(peer.worker, std::move(item), false);
        }
    }
    if (actions.size() != 0) forward_actions(peer, socket, message, actions);
}

void Loop::forward_actions(Peer& peer, SocketId socket, std::span<const std::byte> message, const Actions& actions) {
    for (std::size_t i = 0; i < actions.size(); ++i) stats_.messages_received(kind_of(actions.at(i).kind)).add();
    MessageBlock* block = take_block();
    block->assign(message);
    Inbound item;
    item.kind = Inbound::Kind::actions;
    item.room = peer.room;
    item.player = peer.player;
    item.link = link_of(socket);
    item.block = block;
    item.read_ns = now_ns_;
    const std::uint32_t waiting = peer.link->inbox.fetch_add(1, std::memory_order_relaxed) + 1;
    send_inbound(peer.worker, std::move(item), false);
    // A flooder waits in its own TCP window; nobody else's input is refused, and none of its own is lost.
    if (waiting >= limits::seat_inflight_max && !peer.paused && !PLANTED(unfair)) {
        peer.paused = true;
        paused_.push_back(socket);
        sockets_.pause(socket, true);
    }
}

MessageBlock* Loop::take_block() {
    constexpr std::size_t words_kept_max = 512;
    if (free_blocks_.empty()) {
        free_blocks_.resize(64);
        const std::size_t count = port_.blocks.receive(free_blocks_);
        free_blocks_.resize(count);
        for (MessageBlock* block : free_blocks_)
            if (block->words.capacity() > words_kept_max) std::vector<std::uint64_t>().swap(block->words);
    }
    if (free_blocks_.empty()) {
        blocks_.push_back(std::make_unique<MessageBlock>());
        blocks_.back()->loop = options_.index;
        return blocks_.back().get();
    }
    MessageBlock* block = free_blocks_.back();
    free_blocks_.pop_back();
    return block;
}

// Bounded by seats: each has at most limits::seat_inflight_max messages there, a join, and its end.
void Loop::send_inbound(std::uint32_t worker, Inbound&& item, bool wake) {
    to_workers_[worker].send_always(std::move(item));
    if (wake && workers_[worker]->waker != nullptr) workers_[worker]->waker->wake();
}

void Loop::receive_ping(SocketId socket, const PingRequest& ping) {
    stats_.messages_received(ReceivedKind::ping).add();
    Peer& peer = peers_[socket];
    if (peer.phase == Phase::closing || peer.blocked) return;  // a late answer would tell a wrong time
    builder_.Clear();
    const auto pong = wire::CreatePong(builder_, ping.client_us, static_cast<std::uint64_t>(now_ns_ / 1000));
    builder_.Finish(wire::CreateMessage(builder_, wire::Body::Pong, pong.Union()), "TRM1");
    frame_into(scratch_, std::as_bytes(std::span(builder_.GetBufferPointer(), builder_.GetSize())));
    note_sent(peer, sockets_.send(socket, scratch_, {}));
}

void Loop::receive_list(SocketId socket, const ListRequest& request) {
    stats_.messages_received(ReceivedKind::list_rooms).add();
    charge(socket, list_costs_messages - 1, 0);
    if (peers_[socket].phase == Phase::closing) return;
    builder_.Clear();
    std::vector<flatbuffers::Offset<wire::RoomEntry>> entries;
    const Lobby::Found found = gate_.list(request);
    charge(socket, static_cast<std::uint32_t>(found.looked_at / rooms_looked_at_a_message), 0);
    if (peers_[socket].phase == Phase::closing) return;
    for (const RoomListing& room : found.rooms)
        entries.push_back(wire::CreateRoomEntryDirect(builder_, room.id.c_str(), room.type.c_str(), room.players, room.max_players,
                                                      room.locked, room.metadata.c_str()));
    const auto list = wire::CreateRoomListDirect(builder_, request.request, &entries);
    builder_.Finish(wire::CreateMessage(builder_, wire::Body::RoomList, list.Union()), "TRM1");
    frame_into(scratch_, std::as_bytes(std::span(builder_.GetBufferPointer(), builder_.GetSize())));
    send_surely(socket, scratch_);
}

void Loop::receive_leave(SocketId socket) {
    stats_.messages_received(ReceivedKind::leave).add();
    close(socket, CloseCode::normal, "");
}

void Loop::receive_pace(SocketId socket, const PaceRequest& request) {
    stats_.messages_received(ReceivedKind::pace).add();
    Peer& peer = peers_[socket];
    if (peer.phase != Phase::seated) return;
    peer.line.pace(request.bytes_per_s);
    publish(peer);
}

void Loop::receive_resync(SocketId socket, const ResyncRequest& request) {
    stats_.messages_received(ReceivedKind::resync).add();
    Peer& peer = peers_[socket];
    if (peer.phase != Phase::seated) return;
    switch (peer.line.resync(request.event, request.direct, now_ns_)) {
        case Line::Resync::never_sent: return refuse(socket, {CloseCode::protocol_error, "has messages that were not sent"});
        case Line::Resync::too_soon: return;
        case Line::Resync::granted: break;
    }
    peer.link->yours_tick.store(0, std::memory_order_relaxed);  // what it told may be among what was discarded
    builder_.Clear();
    const auto answer = wire::CreateResync(builder_, request.tick, request.event, request.direct);
    builder_.Finish(wire::CreateMessage(builder_, wire::Body::Resync, answer.Union()), "TRM1");
    frame_into(scratch_, std::as_bytes(std::span(builder_.GetBufferPointer(), builder_.GetSize())));
    send_surely(socket, scratch_);
    if (peers_[socket].phase != Phase::seated) return;
    publish(peer);
}

}  // namespace tickrelay
