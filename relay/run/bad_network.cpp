#include "relay/run/bad_network.h"

#include <algorithm>

namespace tickrelay {

void BadNetwork::simulate(SocketId socket, const Conditions& conditions, std::uint64_t seed, bool blocked, bool paused) {
    if (!simulates(socket)) {
        if (!conditions.any()) return;
        if (links_.size() <= socket) links_.resize(socket + 1);
        links_[socket] = std::make_unique<Link>(seed);
        links_[socket]->blocked_below = links_[socket]->owes_writable = blocked;
        links_[socket]->paused_above = links_[socket]->paused_below = paused;
        if (std::ranges::find(simulated_, socket) == simulated_.end()) simulated_.push_back(socket);
    }
    Link& link = *links_[socket];
    const std::int64_t now_ns = below_.now_ns();
    link.on = conditions.any();
    link.out.set(conditions, now_ns);
    link.in.set(conditions, now_ns);
}

Sent BadNetwork::put(SocketId socket, std::span<const std::byte> first, std::span<const std::byte> second) {
    Link& link = *links_[socket];
    if (link.closing) return Sent::closed;
    const std::int64_t now_ns = below_.now_ns();
    if (link.blocked_below || link.owes_writable || link.out.full(now_ns)) {
        link.owes_writable = true;
        return Sent::refused;
    }
    link.out.put(first, second, now_ns);
    if (!link.out.full(now_ns)) return Sent::written;
    link.owes_writable = true;
    return Sent::kept;
}

void BadNetwork::close(SocketId socket, CloseCode code, std::string_view detail) {
    if (simulates(socket)) {
        send_due(socket, *links_[socket], BadWay::never);
        links_[socket]->closing = true;
    }
    below_.close(socket, code, detail);
}

void BadNetwork::pause(SocketId socket, bool paused) {
    if (!simulates(socket)) return below_.pause(socket, paused);
    links_[socket]->paused_above = paused;
    pause_below(socket, *links_[socket], below_.now_ns());
}

void BadNetwork::pause_below(SocketId socket, Link& link, std::int64_t now_ns) {
    const bool paused = link.paused_above || (link.paused_below ? !link.in.room(now_ns) : link.in.full(now_ns));
    if (paused != link.paused_below) below_.pause(socket, paused);
    link.paused_below = paused;
}

void BadNetwork::received(SocketId socket, std::span<const std::byte> message) {
    Link& link = *links_[socket];
    const std::int64_t now_ns = below_.now_ns();
    link.in.put(message, {}, now_ns);
    pause_below(socket, link, now_ns);
}

void BadNetwork::writable(SocketId socket) { links_[socket]->blocked_below = false; }

void BadNetwork::send_due(std::int64_t now_ns) {
    for (const SocketId socket : simulated_)
        if (links_[socket]) send_due(socket, *links_[socket], now_ns);
}

void BadNetwork::send_due(SocketId socket, Link& link, std::int64_t now_ns) {
    while (!link.blocked_below && !link.closing && !link.out.empty() && link.out.due_ns() <= now_ns) {
        const Sent sent = below_.send(socket, link.out.front(), {});
        link.blocked_below = sent == Sent::kept || sent == Sent::refused;
        if (sent == Sent::refused) return;
        if (sent == Sent::closed) link.closing = true;
        link.out.take();
    }
}

std::optional<std::pair<SocketId, std::vector<std::byte>>> BadNetwork::take_arrived(std::int64_t now_ns) {
    for (const SocketId socket : simulated_) {
        if (!links_[socket] || links_[socket]->paused_above || links_[socket]->closing) continue;
        if (auto message = take_arrived(socket, now_ns)) return std::pair(socket, std::move(*message));
        pause_below(socket, *links_[socket], now_ns);
    }
    return std::nullopt;
}

std::optional<std::vector<std::byte>> BadNetwork::take_arrived(SocketId socket, std::int64_t now_ns) {
    Link& link = *links_[socket];
    if (link.in.empty() || link.in.due_ns() > now_ns) return std::nullopt;
    return link.in.take();
}

std::optional<SocketId> BadNetwork::take_drained(std::int64_t now_ns) {
    for (const SocketId socket : simulated_) {
        Link* link = links_[socket].get();
        if (link == nullptr || !link->owes_writable || link->blocked_below || link->closing || !link->out.room(now_ns)) continue;
        link->owes_writable = false;
        return socket;
    }
    return std::nullopt;
}

void BadNetwork::drop_idle() {
    std::erase_if(simulated_, [this](SocketId socket) {
        Link* link = links_[socket].get();
        if (link == nullptr) return true;
        if (link->on || link->blocked_below || link->owes_writable || !link->out.empty() || !link->in.empty()) return false;
        if (link->paused_below != link->paused_above) below_.pause(socket, link->paused_above);
        links_[socket].reset();
        return true;
    });
}

std::int64_t BadNetwork::next_ns() const {
    std::int64_t next = BadWay::never;
    for (const SocketId socket : simulated_) {
        const Link* link = links_[socket].get();
        if (link == nullptr || link->closing) continue;
        if (!link->paused_above) next = std::min(next, link->in.due_ns());
        if (link->paused_below && !link->paused_above) next = std::min(next, link->in.room_at_ns());
        if (link->blocked_below) continue;
        next = std::min(next, link->out.due_ns());
        if (link->owes_writable) next = std::min(next, link->out.room_at_ns());
    }
    return next;
}

}  // namespace tickrelay
