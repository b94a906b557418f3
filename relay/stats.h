// The numbers behind /metrics. Each thread that counts owns one StatsShard and is its only writer; a scrape reads
// all of them. Adding is a plain load and store of the owner's cache line: no locked instruction, no allocation.
// Label values are the enums of schema/PROTOCOL.md and nothing else; never a room or a player.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "relay/core/drop.h"

namespace tickrelay {

enum class SentKind : std::uint8_t { stream, catch_up, shared_base, join, resync, yours, event, shield };
enum class ReceivedKind : std::uint8_t {
    join,
    update,
    ping,
    leave,
    list_rooms,
    set,
    spawn,
    despawn,
    claim,
    input,
    message,
    answer,
    resync,
    pace
};
enum class ResumeResult : std::uint8_t { delta, whole, rolled_back, session_unknown };
enum class HandshakeResult : std::uint8_t { full, resumed };                  // of TLS
enum class QueueKind : std::uint8_t { inbox, outbox };                        // to the workers, to the loops
// Beside CloseCode and Refusal. The last five are of connections that were refused before their handshake was done.
enum class OtherReason : std::uint8_t {
    connection_lost,
    handshake,
    drain,
    origin,
    proxy_header,
    connections,
    address_connections,
    address_rate
};
inline constexpr std::size_t other_reasons = static_cast<std::size_t>(OtherReason::address_rate) + 1;

inline constexpr std::array<std::string_view, 8> sent_kinds = {"stream", "catch_up", "shared_base", "join",
                                                               "resync", "yours",    "event",       "shield"};
inline constexpr std::array<std::string_view, 14> received_kinds = {
    "join", "update", "ping", "leave", "list_rooms", "set", "spawn", "despawn", "claim", "input", "message", "answer", "resync", "pace"};
inline constexpr std::array<std::string_view, 4> resume_results = {"delta", "whole", "rolled_back", "session_unknown"};
inline constexpr std::array<std::string_view, 2> handshake_results = {"full", "resumed"};
inline constexpr std::array<std::string_view, 2> queue_kinds = {"inbox", "outbox"};

// Reasons in one row: close codes, then OtherReason, then refusals of actions and faults of tickets (both without `none`).
inline constexpr std::size_t close_reasons = std::size(close_codes) + other_reasons;
inline constexpr std::size_t refusal_reasons = static_cast<std::size_t>(Refusal::too_large);
inline constexpr std::size_t reasons = close_reasons + refusal_reasons + ticket_faults;
std::size_t reason_index(CloseCode code);
constexpr std::size_t reason_index(OtherReason reason) {
    return std::size(close_codes) + static_cast<std::size_t>(reason);
}
// REQUIRES: not Refusal::none.
constexpr std::size_t reason_index(Refusal refusal) { return close_reasons + static_cast<std::size_t>(refusal) - 1; }
constexpr std::size_t reason_index(TicketFault fault) { return close_reasons + refusal_reasons + static_cast<std::size_t>(fault) - 1; }
// A bad_ticket that says what was wrong counts as that alone.
std::size_t reason_index(const Drop& drop);
std::string_view reason_label(std::size_t index);

// Counts upwards. One writer.
class Counter {
  public:
    void add(std::uint64_t count = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

// A number that goes up and down. One writer; a scrape adds the shards up.
template <typename Number>
class Gauge {
  public:
    void set(Number value) { value_.store(value, std::memory_order_relaxed); }
    void add(Number value) { set(read() + value); }
    [[nodiscard]] Number read() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<Number> value_{};
};

inline constexpr std::size_t buckets_max = 18;

// Upper bounds in seconds; what is above the last counts as +Inf.
inline constexpr std::array lateness_bounds_s = {10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3,   2e-3, 4e-3,
                                                 8e-3,  16e-3, 33e-3, 66e-3,  125e-3, 250e-3, 500e-3, 1.0};
inline constexpr std::array duration_bounds_s = lateness_bounds_s;
inline constexpr std::array state_age_bounds_s = {5e-3,   10e-3,  20e-3,  30e-3, 50e-3, 75e-3, 100e-3, 150e-3, 200e-3,
                                                  300e-3, 400e-3, 600e-3, 1.0,   2.0,   5.0,   10.0,   30.0};
static_assert(lateness_bounds_s.size() < buckets_max && state_age_bounds_s.size() < buckets_max);

class Histogram {
  public:
    explicit constexpr Histogram(std::span<const double> bounds_s) : bounds_s_(bounds_s) {}

    void observe(double seconds) {
        std::size_t bucket = 0;
        while (bucket < bounds_s_.size() && seconds > bounds_s_[bucket]) ++bucket;
        counts_[bucket].add();
        sum_s_.add(seconds);
    }
    [[nodiscard]] std::span<const double> bounds_s() const { return bounds_s_; }
    [[nodiscard]] std::uint64_t count(std::size_t bucket) const { return counts_[bucket].read(); }
    [[nodiscard]] double sum_s() const { return sum_s_.read(); }

  private:
    std::span<const double> bounds_s_;
    std::array<Counter, buckets_max> counts_;
    Gauge<double> sum_s_;
};

// What one loop, worker or other thread counts. Its lines are its own: no false sharing with a neighbour.
struct alignas(64) StatsShard {
    Counter ticks;
    Counter ticks_skipped;
    Counter frames_superseded;
    Counter bytes_received;
    Counter throttled;  // connections that were not read for a time
    Gauge<std::int64_t> rooms;
    Gauge<std::int64_t> mirrors;
    Counter publications;
    Counter publication_bytes;
    Gauge<double> mirror_age_s;  // of the mirror that is furthest behind what it follows
    Gauge<std::int64_t> players;
    Gauge<std::int64_t> connections;
    Gauge<std::int64_t> shields;
    Gauge<std::int64_t> rooms_slowed;
    Gauge<std::int64_t> workers_stuck;  // the watchdog's
    Counter checkpoints;       // given to the store
    Counter checkpoint_bytes;
    Gauge<double> checkpoint_age_s;  // of this worker's oldest change that no durable checkpoint holds
    Counter store_commits;
    Counter store_errors;
    Gauge<std::int64_t> store_failing;  // 1: what is to be kept waits, its last try failed
    Counter journal_events;
    Counter journal_dropped;
    Gauge<double> journal_age_s;  // of the oldest event that waits for the fleet's stream
    Counter rooms_restored;
    Counter rooms_set_aside;
    Gauge<std::int64_t> tls_expires_s;  // since 1970, of the certificate that ends first; 0: none
    Gauge<double> busy;  // share of the last 5 s in which this thread worked, 0 to 1
    Histogram tick_duration{duration_bounds_s};
    Histogram tick_lateness{lateness_bounds_s};
    Histogram state_age{state_age_bounds_s};

    Counter& frames_sent(SentKind kind) { return frames_sent_[static_cast<std::size_t>(kind)]; }
    Counter& bytes_sent(SentKind kind) { return bytes_sent_[static_cast<std::size_t>(kind)]; }
    Counter& messages_received(ReceivedKind kind) { return messages_received_[static_cast<std::size_t>(kind)]; }
    Counter& resumes(ResumeResult result) { return resumes_[static_cast<std::size_t>(result)]; }
    Counter& handshakes(HandshakeResult result) { return handshakes_[static_cast<std::size_t>(result)]; }
    Gauge<std::int64_t>& queue_depth(QueueKind queue) { return queue_depth_[static_cast<std::size_t>(queue)]; }
    Counter& refused(auto reason) { return refused_[reason_index(reason)]; }
    Counter& closed(auto reason) { return closed_[reason_index(reason)]; }

  private:
    friend struct StatsTotals;
    std::array<Counter, sent_kinds.size()> frames_sent_;
    std::array<Counter, sent_kinds.size()> bytes_sent_;
    std::array<Counter, received_kinds.size()> messages_received_;
    std::array<Counter, resume_results.size()> resumes_;
    std::array<Counter, handshake_results.size()> handshakes_;
    std::array<Gauge<std::int64_t>, queue_kinds.size()> queue_depth_;
    std::array<Counter, reasons> refused_;
    std::array<Counter, close_reasons> closed_;
};

struct HistogramTotal {
    std::span<const double> bounds_s;
    std::array<std::uint64_t, buckets_max> counts{};
    double sum_s = 0;

    void add(const Histogram& histogram);
    [[nodiscard]] std::uint64_t count() const;
    // Seconds that a share (0 to 1) of the observations did not exceed: the bound of its bucket; 0 where nothing was
    // observed, the last bound where it lies above all.
    [[nodiscard]] double quantile_s(double share) const;
};

// The sum of all shards at one moment.
struct StatsTotals {
    std::uint64_t ticks = 0;
    std::uint64_t ticks_skipped = 0;
    std::uint64_t frames_superseded = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t throttled = 0;
    std::int64_t rooms = 0;
    std::int64_t mirrors = 0;
    std::uint64_t publications = 0;
    std::uint64_t publication_bytes = 0;
    double mirror_age_s = 0;
    std::int64_t players = 0;
    std::int64_t connections = 0;
    std::int64_t shields = 0;
    std::int64_t rooms_slowed = 0;
    std::int64_t workers_stuck = 0;
    std::uint64_t checkpoints = 0;
    std::uint64_t checkpoint_bytes = 0;
    double checkpoint_age_s = 0;  // the oldest of all workers
    std::uint64_t store_commits = 0;
    std::uint64_t store_errors = 0;
    std::int64_t store_failing = 0;
    std::uint64_t journal_events = 0;
    std::uint64_t journal_dropped = 0;
    double journal_age_s = 0;
    std::uint64_t rooms_restored = 0;
    std::uint64_t rooms_set_aside = 0;
    std::int64_t tls_expires_s = 0;
    double headroom = 1;  // 1 − the busy share of the busiest thread
    HistogramTotal tick_duration{duration_bounds_s};
    HistogramTotal tick_lateness{lateness_bounds_s};
    HistogramTotal state_age{state_age_bounds_s};
    std::array<std::uint64_t, sent_kinds.size()> frames_sent{};
    std::array<std::uint64_t, sent_kinds.size()> bytes_sent{};
    std::array<std::uint64_t, received_kinds.size()> messages_received{};
    std::array<std::uint64_t, resume_results.size()> resumes{};
    std::array<std::uint64_t, handshake_results.size()> handshakes{};
    std::array<std::int64_t, queue_kinds.size()> queue_depth{};
    std::array<std::uint64_t, reasons> refused{};
    std::array<std::uint64_t, close_reasons> closed{};

    void add(const StatsShard& shard);
};

// The relay's shards. Lives as long as the threads that count. Any thread may call.
class Stats {
  public:
    static constexpr std::size_t shards_max = 256;

    Stats() = default;
    ~Stats();
    Stats(const Stats&) = delete;
    Stats& operator=(const Stats&) = delete;

    // A shard for the calling thread to keep. At most shards_max in the life of the object.
    StatsShard& shard();
    [[nodiscard]] StatsTotals totals() const;

  private:
    std::array<std::atomic<StatsShard*>, shards_max> shards_{};
    std::atomic<std::size_t> made_{0};
};

// The process_* family, read from /proc; what cannot be read stays 0.
struct ProcessFigures {
    double cpu_s = 0;
    double start_time_s = 0;  // since 1970
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t open_fds = 0;
    std::uint64_t fds_max = 0;
    std::uint64_t threads = 0;
};
ProcessFigures read_process_figures();

inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4";
// Prometheus text format.
std::string render_metrics(const StatsTotals& totals, const ProcessFigures& process, std::string_view version);

}  // namespace tickrelay
