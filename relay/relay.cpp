#include "relay/relay.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "relay/control_desk.h"
#include "relay/demo_pages.h"
#include "relay/doorman.h"
#include "relay/door/admin.h"
#include "relay/door/admin_token.h"
#include "relay/door/http.h"
#include "relay/door/session_token.h"
#include "relay/logics.h"
#include "relay/mirrors.h"
#include "relay/persistence.h"
#include "relay/run/acceptor.h"
#include "relay/run/alarm.h"
#include "relay/run/http_server.h"
#include "relay/run/watchdog.h"
#include "relay/room_log.h"
#include "relay/runners.h"
#include "relay/secrets.h"
#include "relay/tls_ports.h"

namespace tickrelay {

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t look_every_ms = 100;
constexpr std::size_t descriptors_beside = 8'192;  // the players': those being refused, operators', match servers', files
constexpr std::chrono::seconds certificates_looked_at_every(2);

std::optional<std::string> settle_all(RoomTypes& types) {
    for (auto& [name, type] : types)
        if (auto error = settle(type.settings, type.given)) return "type " + name + ": " + *error;
    return std::nullopt;
}

OperationsSettings operations_settings(const Options& options) {
    const bool loopback = is_loopback(options.ops_listen);
    return {.loopback = loopback,
            .actions = options.ops_actions == OpsActions::always || (options.ops_actions == OpsActions::loopback && loopback),
            .hosts = options.ops_hosts};
}

// A key, or another in its place: start() then says why not this one.
template <typename Keys>
Keys taken(std::variant<Keys, std::string> loaded, Keys instead, std::optional<std::string>& error) {
    if (auto* keys = std::get_if<Keys>(&loaded)) return std::move(*keys);
    error = std::get<std::string>(std::move(loaded));
    return instead;
}

}  // namespace

struct Relay::Parts {
    Parts(Options given, RoomTypes types, Logics& logics)
        : options(std::move(given)), loop_count(std::min(or_half_the_cores(options.loops), 64U)),
          worker_count(std::min(or_half_the_cores(options.workers), 64U)), lobby(worker_count),
          tickets(taken(ticket_keys_of(options), TicketKeys({}), key_error), ticket_rules_of(options), fill_random),
          sessions(taken(session_key_of(options), SigningKey::random(), key_error)),
          reception(options, lobby, tickets, sessions, [&logics](std::string_view name) { return logics.find(name); }),
          doorman(options, reception.bans(), stats.shard(), monotonic_ns), desk_workers(make_ports()),
          persistence(options, events, stats, lobby, desk_workers, [&logics](std::string_view name) { return logics.find(name); }),
          desk(reception, lobby, tickets, stats, events, desk_workers,
               {.drain = [this](std::optional<double> s) { drain_by_operator(s); }, .undrain = [this] { return undrain(); }}),
          operations(desk, events, stats, operations_settings(options)), admin(desk, events) {
        type_error = settle_all(types);
        reception.set_types(std::move(types));
    }

    ~Parts() { persistence.close(); }  // before those that it calls

    std::vector<WorkerPort*> make_ports() {
        std::vector<WorkerPort*> ports;
        for (std::uint32_t i = 0; i < worker_count; ++i) {
            worker_ports.push_back(std::make_unique<WorkerPort>(queue_depth_max));
            ports.push_back(worker_ports.back().get());
        }
        return ports;
    }

    // The process is to end: at the latest after drain_deadline, whatever an operator said before.
    void drain(double deadline_s) {
        const std::int64_t until_ns = in(deadline_s), before_ns = deadline_ns.load();
        set_draining(true);
        deadline_ns = before_ns == 0 ? until_ns : std::min(before_ns, until_ns);
    }
    // The process stays. Without a deadline, rooms have all the time that they need.
    void drain_by_operator(std::optional<double> deadline_s) {
        set_draining(true);
        deadline_ns = deadline_s ? in(*deadline_s) : 0;
    }
    std::optional<std::string> undrain() {
        deadline_ns = 0;
        const std::scoped_lock lock(moving);
        const auto failed = persistence.take_up_rooms();  // that the deadline had sent to the store
        set_draining(false);
        return failed;
    }
    void set_draining(bool draining) {
        reception.set_draining(draining);
        if (fleet) fleet->drain(draining);
        mirrors.drain(draining);
    }
    static std::int64_t in(double seconds) { return monotonic_ns() + static_cast<std::int64_t>(seconds * 1e9); }
    [[nodiscard]] bool deadline_passed() const { return deadline_ns.load() != 0 && monotonic_ns() >= deadline_ns.load(); }

    // On the alarm's thread.
    void look_after() {
        persistence.step();
        std::int64_t due_ns = deadline_ns.load();
        if (!reception.draining() || !deadline_passed() || lobby.size() == 0 || !deadline_ns.compare_exchange_strong(due_ns, 0)) return;
        log::info("the drain's deadline is over", {{"rooms", lobby.size()}});
        end_rooms();
    }
    // Players are told to come back; where there is a store, to the rooms that they were in.
    void end_rooms();

    // Both addresses speak TLS, or the one that is for it, or none.
    AcceptorSettings players() {
        AcceptorSettings settings;
        settings.loops = loop_count;
        settings.admit = [this](const PeerAddress& address) { return doorman.admit(address); };
        settings.hand_over = [this](std::size_t loop, const Accepted& accepted) { loops[loop]->give(accepted); };
        settings.refused_answer = std::string(not_now);
        settings.per_s = [this] { return doorman.connections_per_s(); };
        settings.is_balancer = [this](const PeerAddress& address) { return doorman.access().is_balancer(address); };
        settings.header_timeout_ns = options.quota_handshake_timeout_s * second;
        settings.no_header = [this](const PeerAddress& from, std::string_view why) { doorman.no_header(from, why); };
        settings.addresses = {to_string(options.listen)};
        if (tls.of(TlsPort::players)) settings.tls_from = 0;
        if (options.tls_listen.host.empty()) return settings;
        settings.addresses.push_back(to_string(options.tls_listen));
        settings.tls_from = 1;
        return settings;
    }

    // Before workers and loops start.
    std::optional<std::string> prepare_fleet() {
        NatsStore* store = persistence.fleet();
        if (store == nullptr) return std::nullopt;
        if (options.session_key.empty()) {
            auto key = SigningKey::read(store->session_secret());
            if (const auto* why = std::get_if<std::string>(&key)) return "the fleet's key of sessions: " + *why;
            sessions.use(std::get<SigningKey>(std::move(key)));
        }
        reception.join_fleet({.find = [store](const std::string& id) { return store->node().find(id); }, .right = &store->node().lease()});
        fleet = std::make_unique<FleetDesk>(*store, lobby, desk_workers, loop_ports, persistence.rooms(), desk, events);
        desk.join_fleet(*fleet);
        fleet_watch = std::make_unique<FleetWatch>(store->nats(), store->node());
        mirrors.join_fleet(*fleet_watch);
        return std::nullopt;
    }

    std::optional<std::string> enter_fleet(const std::string& url) {
        if (!fleet) return std::nullopt;
        return fleet->join(url, fleet->address_of(options, acceptor->port()), [this] {
            return FleetNode::Load{.headroom = stats.totals().headroom, .rooms = static_cast<std::uint32_t>(lobby.size()), .draining = reception.draining()};
        });
    }
    // Before the admin socket starts: its thread looks at the certificates, too.
    std::optional<std::string> prepare_admin() {
        if (tls.of(TlsPort::players) || tls.of(TlsPort::operations) || tls.of(TlsPort::admin)) {
            admin.every(certificates_looked_at_every, [this] { tls.look(); });
        }
        if (Tls* secured = tls.of(TlsPort::admin)) {
            std::string error;
            if (!options.admin_tcp_token_file.empty()) error = check_admin_token(options.admin_tcp_token_file);
            if (!error.empty() || !admin_tcp.open(to_string(options.admin_tcp_listen), error)) return error;
            admin.also_over({.listener = admin_tcp.fd(), .tls = secured, .token_file = options.admin_tcp_token_file});
        }
        return std::nullopt;
    }

    void start_workers() {
        if (trace) trace->start();
        for (auto& worker : workers) worker->thread().start();
        if (options.watchdog_s > 0) start_watchdog();
    }

    // A thread cannot be ended alone. Ending all rooms for one is the operator's choice, so it has to be asked for.
    void start_watchdog() {
        watchdog = std::make_unique<Watchdog>(
            desk_workers, lobby, static_cast<std::int64_t>(options.watchdog_s * 1e9), stats.shard(), [this](const Watchdog::Stuck& stuck) {
                log::error("a worker does not come back from a step: the room's logic does not return",
                           {{"room_id", stuck.room_id}, {"trace_id", stuck.trace_id}, {"worker", stuck.worker}, {"for_s", stuck.for_s}});
                if (options.watchdog_action == WatchdogAction::exit) std::_Exit(exit_stuck);
            });
        watchdog->start(monotonic_ns);
    }

    Options options;
    std::uint32_t loop_count;
    std::uint32_t worker_count;
    Stats stats;
    TlsPorts tls{stats.shard()};
    EventRing events;
    RoomLog room_log{events};
    Lobby lobby;
    std::optional<std::string> key_error;
    Tickets tickets;
    SessionTokens sessions;
    Reception reception;
    Doorman doorman;
    std::vector<std::unique_ptr<WorkerPort>> worker_ports;
    std::vector<WorkerPort*> desk_workers;
    Persistence persistence;
    ControlDesk desk;
    std::unique_ptr<FleetWatch> fleet_watch;  // null, as the next: a relay alone
    std::unique_ptr<FleetDesk> fleet;
    Mirrors mirrors{lobby, desk_workers, stats.shard()};
    Operations operations;
    Listener admin_tcp;
    AdminSocket admin;
    std::unique_ptr<Trace> trace;  // null: nobody asked
    std::vector<std::unique_ptr<LoopRunner>> loops;
    std::vector<LoopPort*> loop_ports;
    std::vector<std::unique_ptr<WorkerRunner>> workers;
    std::unique_ptr<Watchdog> watchdog;
    std::unique_ptr<Acceptor> acceptor;
    std::unique_ptr<HttpServer> http;
    std::optional<std::string> type_error;
    std::atomic<std::int64_t> deadline_ns{0};  // of a drain; 0: none
    std::mutex moving;                         // rooms go to the store, or come from it
    Alarm alarm;
    bool running = false;
};

Relay::Relay(Options options, RoomTypes types, Logics& logics)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(types), logics)) {}

Relay::~Relay() { stop(); }

std::optional<std::string> Relay::start() {
    Parts& p = *parts_;
    if (p.key_error) return p.key_error;
    if (p.type_error) return p.type_error;
    if (auto refused = p.tls.load(p.options)) return refused;
    set_descriptors(std::size_t{p.options.quota_connections} + descriptors_beside);
    std::string error;
    const std::string node = node_of(p.options);
    if (auto refused = p.persistence.open(node)) return refused;
    const bool secure = p.tls.of(TlsPort::players) && p.options.tls_listen.host.empty();
    const HttpHandler pages = p.options.dev ? demo_pages([&p] { return Address{p.options.listen.host, p.acceptor->port()}; }, secure) : HttpHandler();
    if (!p.options.trace.empty() && !(p.trace = open_trace(p.options, error))) return error;
    for (std::uint32_t i = 0; i < p.loop_count; ++i) {
        p.loops.push_back(std::make_unique<LoopRunner>(static_cast<std::uint8_t>(i), p.loop_count, p.desk_workers, p.reception, p.doorman, p.options, pages,
                                                       p.tls.of(TlsPort::players), p.stats, p.trace.get()));
        if (!p.loops.back()->open(error)) return error;
        p.loop_ports.push_back(&p.loops.back()->port());
    }
    for (std::uint32_t i = 0; i < p.worker_count; ++i)
        p.workers.push_back(std::make_unique<WorkerRunner>(i, *p.worker_ports[i], p.loop_ports, p.lobby, p.events, p.persistence, p.sessions, p.mirrors, p.stats, p.trace.get()));

    if (auto refused = p.prepare_fleet()) return refused;
    p.acceptor = std::make_unique<Acceptor>(p.players());
    if (!p.acceptor->open(error)) return error;
    p.http = std::make_unique<HttpServer>([&p](const HttpRequest& request) {
        return to_response(p.operations.answer({.path = request.path, .query = request.query,
                                                .post = request.post,
                                                .host = request.host,
                                                .origin = request.origin,
                                                .content_type = request.content_type,
                                                .body = request.body,
                                                .peer = request.peer}));
    }, action_bytes_max);
    if (!p.http->start(to_string(p.options.ops_listen), error, p.tls.of(TlsPort::operations))) return error;

    if (auto refused = p.prepare_admin()) return refused;
    p.desk.set_about({.node = node,
                      .listen = listen(),
                      .ops_listen = ops_listen(),
                      .url = player_url(),
                      .ops_url = ops_url(),
                      .admin_tcp = admin_tcp(),
                      .started_ns = monotonic_ns()});
    if (p.persistence.keeps()) p.desk.keep_in(*p.persistence.journal(), p.persistence.store());
    p.reception.watch_by([&p](const std::string& room_id, const RoomRecord* here) { return p.mirrors.watch(room_id, here); });
    if (auto refused = p.mirrors.start()) return refused;
    if (auto refused = p.enter_fleet(player_url())) return refused;
    if (auto refused = p.admin.start(p.options.admin)) return refused;
    p.room_log.start();
    if (auto refused = p.persistence.take_up_rooms()) return refused;
    p.start_workers();
    for (auto& loop : p.loops) loop->thread().start();
    p.alarm.start(look_every_ms, [&p] { p.look_after(); });
    p.acceptor->start();
    p.running = true;
    return std::nullopt;
}

std::string Relay::listen() const { return to_string(Address{parts_->options.listen.host, parts_->acceptor->port()}); }
std::string Relay::ops_listen() const { return to_string(Address{parts_->options.ops_listen.host, parts_->http->port()}); }
std::string Relay::admin() const { return parts_->admin.path(); }

namespace {

// By a name that its certificate is for.
std::string secure_url(std::string_view scheme, const Tls* tls, Address address) {
    if (tls) address.host = tls->host_for(address.host);
    return std::string(scheme) + (tls ? "s" : "") + "://" + to_string(address);
}

}  // namespace

std::string Relay::player_url() const {
    const Parts& p = *parts_;
    if (!p.options.public_url.empty()) return p.options.public_url;
    const bool apart = !p.options.tls_listen.host.empty();
    return secure_url("ws", p.tls.of(TlsPort::players),
                      apart ? reachable(p.options.tls_listen, p.acceptor->port(1)) : reachable(p.options.listen, p.acceptor->port())) +
           "/v1";
}

std::string Relay::demo_url() const {
    const Parts& p = *parts_;
    if (!p.options.dev) return "";
    const bool apart = !p.options.tls_listen.host.empty();
    return secure_url("http", apart ? nullptr : p.tls.of(TlsPort::players), reachable(p.options.listen, p.acceptor->port())) + "/demo";
}

std::string Relay::ops_url() const {
    return secure_url("http", parts_->tls.of(TlsPort::operations), {parts_->options.ops_listen.host, parts_->http->port()});
}

std::string Relay::admin_tcp() const {
    const Address& listens = parts_->options.admin_tcp_listen;
    return listens.host.empty() ? "" : to_string(Address{listens.host, parts_->admin_tcp.port()});
}

void Relay::reload_certificates(const Options& options) { parts_->tls.reload(options); }

void Relay::drain(std::optional<double> deadline_s) { parts_->drain(deadline_s.value_or(parts_->options.drain_deadline_s)); }
bool Relay::draining() const { return parts_->reception.draining(); }
bool Relay::finished() const { return draining() && (parts_->lobby.size() == 0 || parts_->deadline_passed()); }

std::optional<std::string> Relay::reload(const Options& fresh, RoomTypes types) {
    auto keys = ticket_keys_of(fresh);
    if (const auto* why = std::get_if<std::string>(&keys)) return *why;
    if (auto error = settle_all(types)) return error;
    parts_->reception.set_types(std::move(types));
    parts_->doorman.set(fresh);
    parts_->reception.set_quotas(fresh);
    parts_->reception.set_auth(fresh.auth);
    // Without keys of its own the one of this process goes on: tickets are out.
    if (has_ticket_keys(fresh)) parts_->tickets.use(std::get<TicketKeys>(std::move(keys)), ticket_rules_of(fresh));
    return std::nullopt;
}

namespace {

class Restart final : public Errand {
  public:
    void run(Worker& worker, std::int64_t) override {
        for (const auto& place : worker.places())
            if (place->room) worker.close_room(*place, CloseCode::restarting, "the relay restarts");
    }
};

}  // namespace

void Relay::Parts::end_rooms() {
    const std::scoped_lock lock(moving);
    if (persistence.keeps()) return persistence.hand_over();
    for (auto& port : worker_ports) port->post(std::make_unique<Restart>());
}

void Relay::stop() {
    Parts& p = *parts_;
    if (!p.running) return;
    p.running = false;
    p.reception.set_draining(true);
    if (p.fleet) p.fleet->stop();
    p.mirrors.stop();
    p.alarm.stop();
    if (!p.fleet) p.acceptor->stop();
    p.end_rooms();
    p.acceptor->stop();  // in a fleet not before its last room has gone: a refused connection says that there are none
    // Close frames leave with the loops' next steps; a peer that does not take its own is not waited for.
    const std::int64_t until_ns = monotonic_ns() + second;
    while (p.stats.totals().connections > 0 && monotonic_ns() < until_ns) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    p.admin.stop();
    p.http->stop();
    for (auto& worker : p.workers) worker->thread().stop();
    for (auto& loop : p.loops) loop->thread().stop();
    if (p.trace) p.trace->stop();
    if (p.watchdog) p.watchdog->stop();
    p.room_log.stop();
    p.persistence.close();
}

}  // namespace tickrelay
