#include "relay/relay.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

#include "relay/control_desk.h"
#include "relay/door/admin.h"
#include "relay/door/http.h"
#include "relay/door/quota.h"
#include "relay/event_journal.h"
#include "relay/logics.h"
#include "relay/run/acceptor.h"
#include "relay/run/http_server.h"
#include "relay/run/loop.h"
#include "relay/run/loop_thread.h"
#include "relay/run/watchdog.h"
#include "relay/run/worker_thread.h"

namespace tickrelay {

namespace {

constexpr std::size_t queue_depth_max = 1 << 20;  // what crosses is bounded by seats, rooms and batches; this ends a bug
constexpr std::int64_t second = 1'000'000'000;

// A loop with its sockets and its thread.
class LoopRunner final : public LoopSteps, public Wakeable {
  public:
    LoopRunner(std::uint8_t index, std::span<WorkerPort* const> workers, Gate& gate, Quota& quota, Stats& stats)
        : stats_(stats.shard()), port_(queue_depth_max), sockets_(settings(quota)),
          loop_({.index = index}, port_, workers, gate, sockets_, stats_), name_("loop-" + std::to_string(index)) {
        port_.waker = this;
        sockets_.deliver_to(loop_);
    }

    bool open(std::string& error) {
        if (!sockets_.open(error)) return false;
        thread_.emplace(sockets_, *this, name_);
        return true;
    }
    LoopPort& port() { return port_; }
    LoopThread& thread() { return *thread_; }

    std::int64_t step(std::int64_t now_ns) override {
        measure(now_ns);
        return loop_.step(now_ns);
    }
    void wake() override { thread_->wake(); }

  private:
    static SocketSettings settings(Quota& quota) {
        SocketSettings settings;
        settings.released = [&quota](const PeerAddress& address) { quota.release(address); };
        return settings;
    }

    void measure(std::int64_t now_ns) {
        if (now_ns - measured_ns_ < second) return;
        const std::uint64_t busy_ns = thread_->busy_ns();
        if (measured_ns_ != 0) {
            const double share = static_cast<double>(busy_ns - busy_before_ns_) / static_cast<double>(now_ns - measured_ns_);
            stats_.busy.set(stats_.busy.read() + (std::min(share, 1.0) - stats_.busy.read()) * 0.2);
        }
        measured_ns_ = now_ns;
        busy_before_ns_ = busy_ns;
    }

    StatsShard& stats_;
    LoopPort port_;
    LwsSockets sockets_;
    Loop loop_;
    std::string name_;
    std::optional<LoopThread> thread_;
    std::int64_t measured_ns_ = 0;
    std::uint64_t busy_before_ns_ = 0;
};

// A worker with its journal and its thread.
class WorkerRunner {
  public:
    WorkerRunner(std::uint32_t index, WorkerPort& port, std::span<LoopPort* const> loops, Lobby& lobby, EventRing& events, Stats& stats)
        : journal_(events), worker_(index, monotonic_ns, port, loops, lobby, journal_, stats.shard()),
          thread_(worker_, "worker-" + std::to_string(index)) {
        port.waker = &thread_;
    }
    WorkerThread& thread() { return thread_; }

  private:
    EventJournal journal_;
    Worker worker_;
    WorkerThread thread_;
};

std::uint32_t or_half_the_cores(std::uint32_t wanted) {
    return wanted != 0 ? wanted : std::max(1U, std::thread::hardware_concurrency() / 2);
}

std::optional<std::string> settle_all(RoomTypes& types) {
    for (auto& [name, type] : types)
        if (auto error = settle(type.settings, type.given)) return "type " + name + ": " + *error;
    return std::nullopt;
}

std::string host_name() {
    char name[256] = "relay";
    gethostname(name, sizeof name - 1);
    return name;
}

}  // namespace

struct Relay::Parts {
    Parts(Options given, RoomTypes types, Logics& logics)
        : options(std::move(given)), loop_count(std::min(or_half_the_cores(options.loops), 64U)),
          worker_count(std::min(or_half_the_cores(options.workers), 64U)), lobby(worker_count), tickets(fill_random),
          reception(options, lobby, tickets, [&logics](std::string_view name) { return logics.find(name); }),
          quota(options.quota_connections, options.quota_connections_per_address), desk_workers(make_ports()),
          desk(reception, lobby, tickets, stats, events, desk_workers, [this](std::optional<double> s) { drain(s); }),
          operations(desk, stats), admin(desk, events) {
        type_error = settle_all(types);
        reception.set_types(std::move(types));
    }

    std::vector<WorkerPort*> make_ports() {
        std::vector<WorkerPort*> ports;
        for (std::uint32_t i = 0; i < worker_count; ++i) {
            worker_ports.push_back(std::make_unique<WorkerPort>(queue_depth_max));
            ports.push_back(worker_ports.back().get());
        }
        return ports;
    }

    void drain(std::optional<double> deadline_s) {
        reception.set_draining(true);
        deadline_ns = monotonic_ns() + static_cast<std::int64_t>(deadline_s.value_or(options.drain_deadline_s) * 1e9);
    }

    // A thread cannot be ended alone. Ending all rooms for one is the operator's choice, so it has to be asked for.
    void start_watchdog() {
        watchdog = std::make_unique<Watchdog>(
            desk_workers, lobby, static_cast<std::int64_t>(options.watchdog_s * 1e9), stats.shard(), [this](const Watchdog::Stuck& stuck) {
                log::error("a worker does not come back from a step: the room's logic does not return",
                           {{"room", stuck.room_id}, {"worker", stuck.worker}, {"for_s", stuck.for_s}});
                if (options.watchdog_action == WatchdogAction::exit) std::_Exit(exit_stuck);
            });
        watchdog->start(monotonic_ns);
    }

    Options options;
    std::uint32_t loop_count;
    std::uint32_t worker_count;
    Stats stats;
    EventRing events;
    Lobby lobby;
    Tickets tickets;
    Reception reception;
    Quota quota;
    std::vector<std::unique_ptr<WorkerPort>> worker_ports;
    std::vector<WorkerPort*> desk_workers;
    ControlDesk desk;
    Operations operations;
    AdminSocket admin;
    std::vector<std::unique_ptr<LoopRunner>> loops;
    std::vector<LoopPort*> loop_ports;
    std::vector<std::unique_ptr<WorkerRunner>> workers;
    std::unique_ptr<Watchdog> watchdog;
    std::unique_ptr<Acceptor> acceptor;
    std::unique_ptr<HttpServer> http;
    std::optional<std::string> type_error;
    std::atomic<std::int64_t> deadline_ns{0};
    bool running = false;
};

Relay::Relay(Options options, RoomTypes types, Logics& logics)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(types), logics)) {}

Relay::~Relay() { stop(); }

std::optional<std::string> Relay::start() {
    Parts& p = *parts_;
    if (p.type_error) return p.type_error;
    std::string error;
    for (std::uint32_t i = 0; i < p.loop_count; ++i) {
        p.loops.push_back(std::make_unique<LoopRunner>(static_cast<std::uint8_t>(i), p.desk_workers, p.reception, p.quota, p.stats));
        if (!p.loops.back()->open(error)) return error;
        p.loop_ports.push_back(&p.loops.back()->port());
    }
    for (std::uint32_t i = 0; i < p.worker_count; ++i)
        p.workers.push_back(std::make_unique<WorkerRunner>(i, *p.worker_ports[i], p.loop_ports, p.lobby, p.events, p.stats));

    p.acceptor = std::make_unique<Acceptor>(AcceptorSettings{
        .addresses = {to_string(p.options.listen)},
        .loops = p.loop_count,
        .admit = [&p](const PeerAddress& address) { return p.quota.admit(address); },
        .hand_over = [&p](std::size_t loop, const Accepted& accepted) { p.loops[loop]->thread().give(accepted); }});
    if (!p.acceptor->open(error)) return error;
    p.http = std::make_unique<HttpServer>([&p](const HttpRequest& request) {
        PageAnswer answer = p.operations.get(request.path, request.query);
        HttpResponse response{.status = answer.status, .content_type = answer.content_type, .body = std::move(answer.body)};
        if (answer.content_type.starts_with("text/html"))
            response.content_security_policy = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'";
        return response;
    });
    if (!p.http->start(to_string(p.options.ops_listen), error)) return error;

    p.desk.set_about({.node = p.options.node_name.empty() ? host_name() : p.options.node_name,
                      .listen = listen(),
                      .ops_listen = ops_listen(),
                      .url = player_url(),
                      .started_ns = monotonic_ns()});
    if (auto refused = p.admin.start(p.options.admin)) return refused;
    for (auto& worker : p.workers) worker->thread().start();
    if (p.options.watchdog_s > 0) p.start_watchdog();
    for (auto& loop : p.loops) loop->thread().start();
    p.acceptor->start();
    p.running = true;
    return std::nullopt;
}

std::string Relay::listen() const { return to_string(Address{parts_->options.listen.host, parts_->acceptor->port()}); }
std::string Relay::ops_listen() const { return to_string(Address{parts_->options.ops_listen.host, parts_->http->port()}); }
std::string Relay::admin() const { return parts_->admin.path(); }

std::string Relay::player_url() const {
    if (!parts_->options.public_url.empty()) return parts_->options.public_url;
    Address address{parts_->options.listen.host, parts_->acceptor->port()};
    if (address.host == "0.0.0.0" || address.host.empty()) address.host = "127.0.0.1";
    if (address.host == "::") address.host = "::1";
    return "ws://" + to_string(address) + "/v1";
}

void Relay::drain(std::optional<double> deadline_s) { parts_->drain(deadline_s); }
bool Relay::draining() const { return parts_->reception.draining(); }
bool Relay::finished() const {
    return draining() && (parts_->lobby.size() == 0 || monotonic_ns() >= parts_->deadline_ns.load());
}

std::optional<std::string> Relay::reload(RoomTypes types) {
    auto error = settle_all(types);
    if (!error) parts_->reception.set_types(std::move(types));
    return error;
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

void Relay::stop() {
    Parts& p = *parts_;
    if (!p.running) return;
    p.running = false;
    p.reception.set_draining(true);
    p.acceptor->stop();
    for (auto& port : p.worker_ports) port->post(std::make_unique<Restart>());
    // Close frames leave with the loops' next steps; a peer that does not take its own is not waited for.
    const std::int64_t until_ns = monotonic_ns() + second;
    while (p.stats.totals().connections > 0 && monotonic_ns() < until_ns) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    p.admin.stop();
    p.http->stop();
    for (auto& worker : p.workers) worker->thread().stop();
    for (auto& loop : p.loops) loop->thread().stop();
    if (p.watchdog) p.watchdog->stop();
}

}  // namespace tickrelay
