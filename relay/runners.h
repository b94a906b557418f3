// The relay's loops and workers, each with what it needs and its thread. For relay.cpp alone.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "relay/doorman.h"
#include "relay/event_journal.h"
#include "relay/options.h"
#include "relay/persistence.h"
#include "relay/run/loop.h"
#include "relay/run/loop_thread.h"
#include "relay/run/trace.h"
#include "relay/run/worker_thread.h"

namespace tickrelay {

inline constexpr std::size_t queue_depth_max = 1 << 20;  // what crosses is bounded by seats, rooms and batches; this ends a bug

// To whom is not let in; browsers show it in their network view, programs in their error.
inline constexpr std::string_view not_now =
    "HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 57\r\n\r\n"
    "this relay takes no further connection from there for now";

inline std::uint32_t or_half_the_cores(std::uint32_t wanted) {
    return wanted != 0 ? wanted : std::max(1U, std::thread::hardware_concurrency() / 2);
}

// Null where its file cannot be made.
inline std::unique_ptr<Trace> open_trace(const Options& options, std::string& error) {
    auto trace = std::make_unique<Trace>(Trace::Options{options.trace, options.trace_bytes, monotonic_ns});
    if (!trace->open(error)) trace.reset();
    return trace;
}

// A loop with its sockets and its thread.
class LoopRunner final : public LoopSteps, public Wakeable {
  public:
    // http: of requests on the players' port that are no upgrade; may be empty.
    LoopRunner(std::uint8_t index, std::uint32_t loops, std::span<WorkerPort* const> workers, Gate& gate, Doorman& doorman, const Options& options, HttpHandler http,
               Tls* tls, Stats& stats, Trace* trace)
        : doorman_(doorman), stats_(stats.shard()), port_(queue_depth_max), sockets_(settings(doorman, options, std::move(http), tls, stats_)),
          loop_({.index = index, .loops = loops, .guard = &doorman, .trace = trace == nullptr ? nullptr : &trace->loop(index)}, port_, workers, gate, sockets_,
                stats_),
          name_("loop-" + std::to_string(index)) {
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
    // On the acceptor's thread; throws where there is no memory for it, and then it does not count for its address.
    void give(const Accepted& accepted) {
        try {
            thread_->give(accepted);
        } catch (...) {
            doorman_.release(accepted.peer);
            throw;
        }
    }

    std::int64_t step(std::int64_t now_ns) override {
        measure(now_ns);
        return loop_.step(now_ns);
    }
    void wake() override { thread_->wake(); }

  private:
    static SocketSettings settings(Doorman& doorman, const Options& options, HttpHandler http, Tls* tls, StatsShard& stats) {
        SocketSettings settings;
        settings.tls = tls;
        settings.http = std::move(http);
        settings.message_bytes_max = options.quota_message_bytes;
        settings.handshake_timeout_s = options.quota_handshake_timeout_s;
        settings.allows_origin = [&doorman](std::string_view origin) { return doorman.access().allows_origin(origin); };
        settings.refused = [&](const PeerAddress& address, BadHandshake why) { doorman.bad_handshake(address, why, stats); };
        settings.released = [&doorman](const PeerAddress& address) { doorman.release(address); };
        return settings;
    }

    void measure(std::int64_t now_ns) {
        if (now_ns - measured_ns_ < 1'000'000'000) return;
        const std::uint64_t busy_ns = thread_->busy_ns();
        if (measured_ns_ != 0) {
            const double share = static_cast<double>(busy_ns - busy_before_ns_) / static_cast<double>(now_ns - measured_ns_);
            stats_.busy.set(stats_.busy.read() + (std::min(share, 1.0) - stats_.busy.read()) * 0.2);
        }
        measured_ns_ = now_ns;
        busy_before_ns_ = busy_ns;
    }

    Doorman& doorman_;
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
    WorkerRunner(std::uint32_t index, WorkerPort& port, std::span<LoopPort* const> loops, Lobby& lobby, EventRing& events, Persistence& persistence,
                 Sessions& sessions, Publications& publications, Stats& stats, Trace* trace)
        : journal_(events), worker_(index, monotonic_ns, port, loops, lobby, journal_, sessions, stats.shard()),
          thread_(worker_, "worker-" + std::to_string(index)) {
        port.waker = &thread_;
        worker_.trace_with(trace == nullptr ? nullptr : &trace->worker(index));
        persistence.keep_rooms_of(worker_);
        worker_.publish_with(publications);
    }
    WorkerThread& thread() { return thread_; }

  private:
    EventJournal journal_;
    Worker worker_;
    WorkerThread thread_;
};

}  // namespace tickrelay
