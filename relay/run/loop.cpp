#include "relay/run/loop.h"

#include <algorithm>
#include <new>

#include "relay/core/check.h"
#include "relay/core/plant.h"
#include "relay/core/units.h"

namespace tickrelay {

namespace {

constexpr std::int64_t sweep_interval_ns = 250 * ms;
constexpr std::uint32_t samples_every_sweeps = 4;            // once a second
constexpr std::uint32_t slices_from_messages = 100;          // in a sweep: 400 a second
constexpr std::int64_t read_lead_ns = 500'000;               // the last slice before a tick
constexpr std::int64_t slice_max_ns = 4 * ms;
constexpr std::int64_t slice_min_ns = 1 * ms;
constexpr std::int64_t idle_after_ns = 20 * ms;                // its thread's
constexpr std::size_t take_at_once = 64;
constexpr std::int64_t delivery_looked_at_after_ns = 2'000 * ms;  // without an acknowledgement: a system call

}  // namespace

Loop::Loop(Options options, LoopPort& port, std::span<WorkerPort* const> workers, Gate& gate, Sockets& sockets, StatsShard& stats)
    : options_(options), port_(port), workers_(workers), gate_(gate), sockets_(sockets), stats_(stats), members_(workers.size()),
      taken_(take_at_once) {
    for (WorkerPort* worker : workers_) {
        to_workers_.emplace_back(worker->inbox);
        batches_back_.emplace_back(worker->batches);
    }
    read_quotas();
}

Loop::~Loop() = default;

std::int64_t Loop::step(std::int64_t now_ns) {
    now_ns_ = now_ns;
    if (options_.trace == nullptr)
        take_outbox();
    else
        take_outbox_traced();
    try {
        look_after();
    } catch (const std::bad_alloc&) {  // what is left of it is done in the next step
    }
    return next_step();
}

void Loop::look_after() {
    send_copies();
    resume_reading();
    take_waiting_joins();
    if (sockets_.any()) run_bad_network();
    if (now_ns_ >= next_sweep_ns_) sweep();
}

void Loop::take_outbox() {
    for (;;) {
        const std::size_t count = port_.outbox.receive(taken_);
        for (Outbound& item : std::span(taken_).first(count)) {
            try {
                take_outbound(item);
            } catch (const std::bad_alloc&) {
                lose(item);
            }
        }
        if (count < taken_.size()) break;
    }
}

std::int64_t Loop::next_step() {
    std::int64_t next = next_read();
    if (sockets_.any()) {
        // A wake less than 20 ms away is slept up to, without a look at the sockets: others are not to wait for it.
        const std::int64_t due_ns = sockets_.next_ns();
        if (due_ns < next) next = due_ns - now_ns_ > idle_after_ns ? due_ns : std::min(due_ns, now_ns_ + slice_max_ns);
    }
    return held_.empty() ? next : std::min(next, held_.front().due_ns);
}

std::int64_t Loop::next_read() {
    const std::int64_t next = reads_in_slices_ ? next_slice() : std::min(next_sweep_ns_, now_ns_ + sweep_interval_ns);
    if (paused_.empty() && waiting_joins_.empty()) return next;
    // Fixed until it has come: each wake-up for sending would put it off, and nobody would be read.
    if (look_again_ns_ <= now_ns_) look_again_ns_ = now_ns_ + slice_max_ns;
    return std::min(next, look_again_ns_);
}

std::int64_t Loop::next_slice() const {
    std::int64_t next = now_ns_ + slice_max_ns;
    for (const WorkerPort* worker : workers_) {
        const std::int64_t due = worker->next_due_ns.load(std::memory_order_relaxed) - read_lead_ns;
        if (due > now_ns_) next = std::min(next, due);
    }
    return std::max(next, now_ns_ + slice_min_ns);
}

void Loop::take_outbound(Outbound& item) {
    switch (item.kind) {
        case Outbound::Kind::batch:
            if (may_send(*item.batch)) {
                if (options_.trace == nullptr)
                    send_batch(*item.batch);
                else
                    send_traced(*item.batch);
                hold(*item.batch);
            }
            batches_back_[item.batch->worker].send_always(std::move(item.batch));
            break;
        case Outbound::Kind::admit: {
            const std::unique_ptr<Admission> admission = std::move(item.admission);
            try {
                admit(item.link, *admission);
            } catch (const std::bad_alloc&) {
                turn_away(item.link, *admission);
            }
            break;
        }
        case Outbound::Kind::close: {
            const std::unique_ptr<std::string> detail = std::move(item.detail);
            if (peer_of(item.link) != nullptr && item.code == CloseCode::moved && detail)
                redirect(Connection::of(item.link).socket, *detail, {});
            else if (peer_of(item.link) != nullptr)
                close(Connection::of(item.link).socket, item.code, detail ? std::string_view(*detail) : std::string_view{});
            break;
        }
        case Outbound::Kind::simulate: {
            const std::unique_ptr<Conditions> conditions = std::move(item.conditions);
            if (peer_of(item.link) != nullptr) simulate(Connection::of(item.link).socket, *conditions);
            break;
        }
    }
}

// It may have waited here while the process stood still. Lines that lack it fall behind by themselves.
bool Loop::may_send(const Batch& batch) const {
    return port_.right == nullptr || (batch.tenure != 0 && port_.right->tenure() == batch.tenure);
}

// What was learned of the way as it was counts no more.
void Loop::simulate(SocketId socket, const Conditions& conditions) {
    Peer& peer = peers_[socket];
    if (peer.phase != Phase::seated && peer.phase != Phase::shield) return;
    sockets_.simulate(socket, conditions, link_of(socket), peer.blocked, peer.paused);
    if (peer.phase == Phase::seated) peer.line.forget_way();
}

// What has come through, either way.
void Loop::run_bad_network() {
    now_ns_ = std::max(now_ns_, sockets_.now_ns());
    while (const auto arrived = sockets_.take_arrived(now_ns_)) take_message(arrived->first, arrived->second);
    while (const auto socket = sockets_.take_drained(now_ns_)) note_writable(*socket);
    sockets_.send_due(now_ns_);
    sockets_.drop_idle();
}

void Loop::admit(LinkId link, Admission& admission) {
    Peer* peer = peer_of(link);
    if (peer == nullptr || peer->phase != Phase::joining) return give_back(link, admission);  // it went while its seat was made
    const SocketId socket = Connection::of(link).socket;
    // First what may find no memory: until then nothing is of the room.
    Members& members = members_of(admission.worker, admission.room);
    std::vector<SocketId>& sockets = admission.shield ? members.shields : members.sockets;
    sockets.push_back(socket);
    peer->place = static_cast<std::uint32_t>(sockets.size() - 1);
    peer->phase = admission.shield ? Phase::shield : Phase::seated;
    peer->worker = admission.worker;
    peer->room = admission.room;
    peer->player = admission.player;
    peer->link = std::move(admission.link);
    peer->line = admission.line;
    peer->direct_told = admission.line.position().direct;
    members.clock = admission.clock;
    if (admission.shield) stats_.shields.add(1);
    if (admission.conditions.any()) simulate(socket, admission.conditions);
    if (admission.shield) return;
    send_surely(socket, admission.welcome);
    if (peer->phase == Phase::seated) publish(*peer);  // closed where too many answers wait
}

Loop::Members& Loop::members_of(std::uint32_t worker, const RoomRef& room) {
    auto& of_worker = members_[worker];
    if (of_worker.size() <= room.slot) of_worker.resize(room.slot + 1);
    Members& members = of_worker[room.slot];
    if (members.generation != room.generation) {
        CHECK(members.sockets.empty() && members.shields.empty());  // a worker closes a room's connections before it uses the slot again
        members = Members{.generation = room.generation,
                          .sockets = std::move(members.sockets),
                          .shields = std::move(members.shields),
                          .clock = {},
                          .newest = 0};
    }
    return members;
}

// Here and on the worker. False: it was in none.
bool Loop::leave_room(SocketId socket, Peer& peer, Inbound::Kind how) {
    if (peer.phase != Phase::seated && peer.phase != Phase::shield) return false;
    Inbound item;
    item.kind = how;
    item.room = peer.room;
    item.player = peer.player;
    item.link = link_of(socket);
    send_inbound(peer.worker, std::move(item), false);
    leave_members(peer);
    if (peer.phase == Phase::shield) stats_.shields.add(-1);
    return true;
}

void Loop::leave_members(Peer& peer) {
    Members& members = members_of(peer.worker, peer.room);
    std::vector<SocketId>& sockets = peer.phase == Phase::shield ? members.shields : members.sockets;
    const SocketId last = sockets.back();
    sockets[peer.place] = last;
    peers_[last].place = peer.place;
    sockets.pop_back();
}

Loop::Peer* Loop::peer_of(LinkId link) {
    const Connection connection = Connection::of(link);
    if (connection.socket >= peers_.size()) return nullptr;
    Peer& peer = peers_[connection.socket];
    if (peer.phase == Phase::free || (peer.generation & 0xFFFFFF) != connection.generation) return nullptr;
    return &peer;
}

LinkId Loop::link_of(SocketId socket) const {
    return Connection{options_.index, peers_[socket].generation, socket}.id();
}

// ---------------------------------------------------------------------------------------------- connections

void Loop::opened(SocketId socket) {
    now_ns_ = sockets_.now_ns();
    try {
        if (peers_.size() <= socket) peers_.resize(socket + 1);
    } catch (const std::bad_alloc&) {
        stats_.refused(CloseCode::overloaded).add();
        return sockets_.close(socket, CloseCode::overloaded, "no memory");
    }
    Peer& peer = peers_[socket];
    CHECK(peer.phase == Phase::free);
    const std::uint32_t generation = peer.generation;
    peer = Peer{};
    peer.generation = (generation + 1) & 0xFFFFFF;
    if (peer.generation == 0) peer.generation = 1;
    peer.phase = Phase::fresh;
    peer.opened_ns = now_ns_;
    stats_.connections.add(1);
}

// Leaves its room at once, here and on the worker; the socket follows when it has sent its close frame.
void Loop::close(SocketId socket, CloseCode code, std::string_view detail) {
    Peer& peer = peers_[socket];
    if (peer.phase == Phase::closing || peer.phase == Phase::free) return;
    stats_.closed(code).add();
    leave_room(socket, peer, code == CloseCode::normal ? Inbound::Kind::left : Inbound::Kind::closed);
    peer.phase = Phase::closing;
    peer.link.reset();
    if (code == CloseCode::restarting && options_.guard != nullptr) return send_home(socket, detail);
    sockets_.close(socket, code, detail);
}

void Loop::broken(SocketId socket, const Drop& drop) {
    guarded(socket, [&] { refuse(socket, drop); });
}

void Loop::closed(SocketId socket) {
    if (sockets_.simulates(socket)) {
        guarded(socket, [&] {
            while (const auto message = sockets_.take_arrived(socket, BadWay::never))
                if (peers_[socket].phase != Phase::closing) take_message(socket, *message);
        });
        sockets_.closed(socket);
    }
    if (socket >= peers_.size() || peers_[socket].phase == Phase::free) return;  // it was never taken: no memory
    Peer& peer = peers_[socket];
    if (leave_room(socket, peer, Inbound::Kind::closed)) stats_.closed(OtherReason::connection_lost).add();
    if (peer.paused) std::erase(paused_, socket);
    peer.phase = Phase::free;
    peer.link.reset();
    peer.late.reset();
    stats_.connections.add(-1);
}

// Four times a second: deadlines, and whether input comes fast enough to be read in slices. Once a second the samples.
void Loop::sweep() {
    next_sweep_ns_ = now_ns_ + sweep_interval_ns;
    read_quotas();
    reads_in_slices_ = received_since_sweep_ >= slices_from_messages;
    received_since_sweep_ = 0;
    stats_.queue_depth(QueueKind::outbox).set(static_cast<std::int64_t>(port_.outbox.depth()));
    const auto turn = static_cast<std::uint32_t>(now_ns_ / sweep_interval_ns) % samples_every_sweeps;
    for (SocketId socket = 0; socket < peers_.size(); ++socket) {
        Peer& peer = peers_[socket];
        if (peer.phase == Phase::fresh && !peer.join_waits && !PLANTED(mute_kept) && now_ns_ - peer.opened_ns > first_message_ns_)
            refuse(socket, {CloseCode::join_timeout, "no Join came"});
        else if (peer.phase == Phase::seated && socket % samples_every_sweeps == turn)
            sample(socket, peer);
    }
}

void Loop::sample(SocketId socket, Peer& peer) {
    hear_shield(peer);
    auto since = peer.line.waiting_since();
    if (since && peer.paused) {  // what it acknowledges is not read
        peer.line.moved(now_ns_);
        since = now_ns_;
    }
    // A large frame may take a slow line longer than that: while its bytes arrive it is neither stuck nor unheard.
    if (since && now_ns_ - *since > delivery_looked_at_after_ns) {
        const std::uint64_t delivered = sockets_.delivered(socket), before = std::exchange(peer.delivered, delivered);
        if (std::exchange(peer.delivered_while_ns, *since) == *since && before != 0 && delivered > before) {
            peer.line.moved(now_ns_);
            since = now_ns_;
        }
    }
    const std::int64_t patience_ns = (peer.blocked ? limits::blocked_timeout_ms : limits::acknowledge_timeout_ms) * ms;
    if (since && now_ns_ - *since > patience_ns) {
        close(socket, CloseCode::not_acknowledged, peer.blocked ? "nothing taken for 60 s" : "nothing acknowledged for 10 s");
        return;
    }
    const Members& members = members_of(peer.worker, peer.room);
    const Tick complete = peer.line.complete();
    if (complete != 0) {
        const double age_s = static_cast<double>(std::max<std::int64_t>(now_ns_ - members.clock.due_ns(complete), 0)) / 1e9;
        stats_.state_age.observe(age_s);
        peer.link->state_age_ms.store(static_cast<std::uint32_t>(age_s * 1000), std::memory_order_relaxed);
    }
    peer.link->behind_ticks.store(members.newest - std::min(members.newest, complete), std::memory_order_relaxed);
    peer.link->round_trip_us.store(static_cast<std::uint32_t>(peer.line.round_trip_ns() / 1000), std::memory_order_relaxed);
    peer.link->bytes_per_s.store(static_cast<std::uint32_t>(peer.bytes - peer.bytes_before), std::memory_order_relaxed);
    peer.bytes_before = peer.bytes;
}

void Loop::resume_reading() {
    std::erase_if(paused_, [this](SocketId socket) {
        Peer& peer = peers_[socket];
        if (now_ns_ < peer.read_again_ns && peer.phase != Phase::free && peer.phase != Phase::closing) return false;
        const bool waits = peer.phase == Phase::seated && peer.link->inbox.load(std::memory_order_relaxed) > limits::seat_inflight_max / 2;
        if (waits) return false;
        peer.paused = false;
        if (peer.phase != Phase::free) sockets_.pause(socket, false);
        return true;
    });
}

}  // namespace tickrelay
