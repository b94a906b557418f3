#include "relay/run/lws_loop.h"

#include <ev.h>
#include <libwebsockets.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <deque>
#include <utility>

#include "relay/core/check.h"
#include "relay/tls.h"

namespace tickrelay {
namespace {

constexpr int passes_max = 64;
constexpr std::int64_t passes_ns = 1'000'000;

std::atomic<void (*)(std::string_view)> log_line{nullptr};
std::atomic<std::size_t> descriptors{32'768};
thread_local Tls* opening_tls = nullptr;
thread_local std::string* opening_log = nullptr;  // libwebsockets says why a context fails only in its log

void emit(int level, const char* text) {
    std::string_view line(text);
    while (!line.empty() && line.back() == '\n') line.remove_suffix(1);
    if (opening_log && level == LLL_ERR) opening_log->assign(line);
    if (auto log = log_line.load()) log(line);
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, descriptors);
    if (limit.rlim_cur == wanted) return;
    limit.rlim_cur = wanted;
    setrlimit(RLIMIT_NOFILE, &limit);  // where it is refused, fewer connections fit: the acceptor counts and says so
}

}  // namespace

std::int64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void set_descriptors(std::size_t count) { descriptors = count; }

void set_lws_log(void (*log)(std::string_view line)) { log_line = log; }

struct LwsLoop::Watchers {
#if LWS_LIBRARY_VERSION_NUMBER >= 4003000
    lws_log_cx_t log{};
#endif
    struct Readable {
        ev_io io;
        std::function<void()> call;
    };
    struct ev_loop* loop = nullptr;
    lws_context* context = nullptr;
    ev_timer heartbeat;
    ev_timer deadline;
    ev_idle idle;
    bool quiet = false;  // the last pass found nothing
    std::function<void()> beat;
    std::deque<Readable> readable;  // a deque: libev keeps the addresses

    static void on_beat(struct ev_loop*, ev_timer* timer, int) {
        auto& self = *static_cast<Watchers*>(timer->data);
        if (self.beat) self.beat();
        lws_cancel_service(self.context);
    }
    static void on_deadline(struct ev_loop*, ev_timer*, int) {}
    static void on_idle(struct ev_loop*, ev_idle* idle, int) { static_cast<Watchers*>(idle->data)->quiet = true; }
    static void on_readable(struct ev_loop*, ev_io* io, int) { static_cast<Readable*>(io->data)->call(); }
};

LwsLoop::LwsLoop() : watchers_(std::make_unique<Watchers>()) {}

LwsLoop::~LwsLoop() {
    if (context_) lws_context_destroy(context_);  // complete in one call on libev; a second one would free twice
    if (watchers_->loop) ev_loop_destroy(watchers_->loop);
}

bool LwsLoop::open(const lws_protocols* protocols, void* user, std::string& error, std::uint32_t handshake_s, Tls* tls) {
    CHECK(!context_);
    raise_descriptor_limit();
    lws_set_log_level(LLL_ERR | LLL_WARN, emit);  // the libev plugin logs every change of a watcher at NOTICE
    Watchers& w = *watchers_;
    w.loop = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV | EVBACKEND_EPOLL);
    if (!w.loop) {
        error =
            "cannot create an event loop: no epoll or no descriptors left. Raise the limit of open files (ulimit -n)";
        return false;
    }
    static const lws_retry_bo_t no_pings = [] {  // LwsSockets pings by itself: libwebsockets' timers are a sorted list
        lws_retry_bo_t policy{};
        return policy;
    }();
    void* loops[] = {w.loop};
    lws_context_creation_info info{};
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info.protocols = protocols;
    info.user = user;
    info.options = LWS_SERVER_OPTION_LIBEV | (tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0);
    if (tls) info.provided_client_ssl_ctx = tls->unused_client_context();
    info.foreign_loops = loops;
    info.gid = static_cast<gid_t>(-1);
    info.uid = static_cast<uid_t>(-1);
    info.alpn = "http/1.1";
    info.timeout_secs = handshake_s;
    info.timeout_secs_ah_idle = handshake_s;
    info.keepalive_timeout = handshake_timeout_s;
    info.retry_and_idle_policy = &no_pings;
#if LWS_LIBRARY_VERSION_NUMBER >= 4003000
    // The log that contexts share by default counts its users without a lock: with a second loop the process aborts.
    w.log.lll_flags = LLL_ERR | LLL_WARN;
    w.log.u.emit = emit;
    info.log_cx = &w.log;
#endif
    std::string reason;
    opening_log = &reason;
    context_ = lws_create_context(&info);
    const bool opened = context_ && (!tls || open_tls(info, *tls));
    opening_log = nullptr;
    if (!opened) {
        error = "cannot start libwebsockets: " + (reason.empty() ? "no reason given" : reason) +
                ". Is its libev plugin installed (Debian: apt-get install libwebsockets-evlib-ev)?";
        return false;
    }
    w.context = context_;
    ev_timer_init(&w.heartbeat, Watchers::on_beat, heartbeat_ms / 1000.0, heartbeat_ms / 1000.0);
    ev_timer_init(&w.deadline, Watchers::on_deadline, 0., 0.);
    ev_idle_init(&w.idle, Watchers::on_idle);
    w.heartbeat.data = w.idle.data = &w;
    ev_timer_start(w.loop, &w.heartbeat);
    return true;
}

// A second vhost beside the plain one: libwebsockets makes its TLS context, and has it filled by a callback.
bool LwsLoop::open_tls(const lws_context_creation_info& plain, Tls& tls) {
    lws_context_creation_info info = plain;
    info.vhost_name = "tls";
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
    opening_tls = &tls;
    tls_vhost_ = lws_create_vhost(context_, &info);
    const bool prepared = !std::exchange(opening_tls, nullptr);
    CHECK(!tls_vhost_ || prepared);  // else it would not know its certificate
    return tls_vhost_;
}

bool LwsLoop::took(int reason, void* session) {
    if (reason != LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS) return false;
    if (opening_tls) std::exchange(opening_tls, nullptr)->prepare(static_cast<SSL_CTX*>(session));
    return true;
}

lws* LwsLoop::adopt(int fd, bool tls) {
    CHECK(!tls || tls_vhost_);
    return tls ? lws_adopt_socket_vhost(tls_vhost_, fd) : lws_adopt_socket(context_, fd);
}

void LwsLoop::on_heartbeat(std::function<void()> beat) { watchers_->beat = std::move(beat); }

void LwsLoop::watch(int fd, std::function<void()> readable) {
    auto& watcher = watchers_->readable.emplace_back();
    watcher.call = std::move(readable);
    ev_io_init(&watcher.io, Watchers::on_readable, fd, EV_READ);
    watcher.io.data = &watcher;
    ev_io_start(watchers_->loop, &watcher.io);
}

void LwsLoop::run_ready() {
    Watchers& w = *watchers_;
    std::int64_t stop_ns = 0;
    // An idle watcher of libwebsockets' priority runs in a pass without events, and only then do its timers and its
    // buffered input get their turn: a loop that always found something would starve them.
    w.quiet = false;
    ev_idle_start(w.loop, &w.idle);
    for (int pass = 0; pass < passes_max && !w.quiet; ++pass) {
        if (pass == 1) stop_ns = monotonic_ns() + passes_ns;
        if (pass > 1 && monotonic_ns() > stop_ns) break;
        ev_run(w.loop, EVRUN_NOWAIT);
    }
    ev_idle_stop(w.loop, &w.idle);
}

void LwsLoop::run_until(std::int64_t until_ns) {
    Watchers& w = *watchers_;
    ev_now_update(w.loop);  // timers start from libev's cached time
    const std::int64_t wait_ns = std::clamp<std::int64_t>(until_ns - monotonic_ns(), 0, 1'000'000'000);
    ev_timer_set(&w.deadline, static_cast<double>(wait_ns) / 1e9, 0.);
    ev_timer_start(w.loop, &w.deadline);
    ev_run(w.loop, EVRUN_ONCE);
    ev_timer_stop(w.loop, &w.deadline);
}

void LwsLoop::interrupt() { lws_cancel_service(context_); }

}  // namespace tickrelay
