// What one connection may ask of the relay: quotas of messages and bytes, and how joins come in.
//
// Above its quota a connection is not read until it has paid: nothing of it is lost, its sender waits in its own TCP window, nobody
// else notices. Closing it would only make it come back, with a join and a whole frame on top. What cannot be slowed that way closes
// with rate_limit: bytes that are no message, which libwebsockets reads and answers before they are seen here.

#include <algorithm>
#include <string>

#include "relay/core/plant.h"
#include "relay/core/units.h"
#include "relay/run/loop.h"

namespace tickrelay {

namespace {

constexpr std::int64_t pause_ns = 50 * ms;              // or longer: what is read again is worth a wake-up
constexpr std::int64_t join_wait_max_ns = 1'000 * ms;
constexpr std::size_t join_wait_bytes_max = 4 * 1024 * 1024;
constexpr std::int64_t overhead_max_ns = 10'000 * ms;  // that far ahead of its bytes a second, it does not listen to its window

// schema/PROTOCOL.md, "Close codes": the SDKs read it.
std::string come_back(std::uint32_t after_ms) { return "come back in " + std::to_string(after_ms) + " ms: "; }

}  // namespace

void Loop::read_quotas() {
    first_message_ns_ = limits::join_timeout_ms * ms;
    if (options_.guard == nullptr) return;
    const Guard& guard = *options_.guard;
    message_cost_ns_ = cost_ns(guard.messages_per_s.load(std::memory_order_relaxed));
    const std::int64_t bytes_per_s = guard.bytes_per_s.load(std::memory_order_relaxed);
    kilobyte_cost_ns_ = bytes_per_s == 0 ? 0 : 1'024'000'000'000 / bytes_per_s;
    first_message_ns_ = guard.first_message_ms.load(std::memory_order_relaxed) * ms;
    std::int64_t slowest_ns = 0;
    for (const WorkerPort* worker : workers_) slowest_ns = std::max(slowest_ns, worker->join_cost_ns.load(std::memory_order_relaxed));
    joins_.set_cost(JoinPace::cost_ns(slowest_ns, options_.loops));
}

// The hot path's part: two additions and a comparison.
void Loop::charge(SocketId socket, std::uint32_t messages, std::size_t bytes) {
    Peer& peer = peers_[socket];
    peer.messages_in.take(now_ns_, message_cost_ns_ * messages);
    peer.bytes_in.take(now_ns_, kilobyte_cost_ns_ * static_cast<std::int64_t>(bytes) / 1'024);
    const std::int64_t ahead_ns = std::max(peer.messages_in.paid_ns, peer.bytes_in.paid_ns) - now_ns_;
    if (ahead_ns > burst_ns && !PLANTED(unpaced)) slow_down(socket, peer, ahead_ns);
}

void Loop::slow_down(SocketId socket, Peer& peer, std::int64_t ahead_ns) {
    peer.read_again_ns = now_ns_ + ahead_ns - burst_ns + pause_ns;
    if (peer.paused || peer.phase == Phase::closing) return;
    stats_.throttled.add();
    peer.paused = true;
    paused_.push_back(socket);
    sockets_.pause(socket, true);
}

void Loop::overhead(SocketId socket, std::uint64_t bytes) {
    now_ns_ = sockets_.now_ns();
    Peer& peer = peers_[socket];
    if (peer.phase == Phase::closing || peer.phase == Phase::free) return;
    guarded(socket, [&] {
        charge(socket, 0, bytes);
        if (peer.bytes_in.ahead_ns(now_ns_) > overhead_max_ns)
            refuse(socket, {CloseCode::rate_limit, "too many bytes that are no message: pings, or empty fragments"});
    });
}

void Loop::refuse(SocketId socket, const Drop& drop) {
    if (peers_[socket].phase == Phase::closing || peers_[socket].phase == Phase::free) return;  // once
    stats_.refused(drop).add();
    if (options_.guard != nullptr) options_.guard->refused(sockets_.peer(socket), label(drop.code), drop.detail, now_ns_);
    close(socket, drop.code, drop.detail);
}

// True: it is not taken now. It waits for a second at most, else its sender is given a return slot. No ticket is spent yet.
bool Loop::hold_join(SocketId socket, std::span<const std::byte> message) {
    if (const auto drop = options_.guard->join(sockets_.peer(socket), now_ns_)) {
        refuse(socket, *drop);
        return true;
    }
    if (waiting_joins_.empty() && joins_.take(now_ns_)) return false;
    const std::size_t waiting = waiting_joins_.size();
    if (joins_.wait_ns(waiting) > join_wait_max_ns || waiting_bytes_ + message.size() > join_wait_bytes_max) {
        refuse(socket, {CloseCode::overloaded, come_back(joins_.slot_ms(waiting, now_ns_)) + "too many join at once"});
        return true;
    }
    WaitingJoin join{.socket = socket, .generation = peers_[socket].generation, .message = {}};
    join.message.assign(message);
    waiting_joins_.push_back(std::move(join));
    waiting_bytes_ += message.size();
    peers_[socket].join_waits = true;
    return true;
}

void Loop::take_waiting_joins() {
    while (!waiting_joins_.empty() && joins_.take(now_ns_)) {
        const WaitingJoin waiting = std::move(waiting_joins_.front());
        waiting_joins_.pop_front();
        waiting_bytes_ -= waiting.message.bytes;
        Peer& peer = peers_[waiting.socket];
        if (peer.generation != waiting.generation || peer.phase != Phase::fresh) continue;  // it has gone
        peer.join_waits = false;
        guarded(waiting.socket, [&] {
            const Request request = decode(waiting.message.message());
            take_join(waiting.socket, std::get<JoinRequest>(request));
        });
    }
}

// Those who are closed together come back one by one.
void Loop::send_home(SocketId socket, std::string_view why) {
    const auto connections = static_cast<std::uint64_t>(std::max<std::int64_t>(stats_.connections.read(), 0));
    sockets_.close(socket, CloseCode::restarting, come_back(return_slot_ms(sent_home_++, connections * options_.loops)).append(why));
}

}  // namespace tickrelay
