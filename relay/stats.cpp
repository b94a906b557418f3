#include "relay/stats.h"

#include <algorithm>

#include "relay/core/check.h"

namespace tickrelay {

namespace {

constexpr std::array<std::string_view, other_reasons> other_labels = {
    "connection_lost", "handshake", "drain", "origin", "proxy_header", "connections", "address_connections", "address_rate"};

template <typename Totals, typename Counters>
void add_each(Totals& totals, const Counters& counters) {
    for (std::size_t i = 0; i < totals.size(); ++i) totals[i] += counters[i].read();
}

}  // namespace

std::size_t reason_index(CloseCode code) {
    const auto found = std::find(std::begin(close_codes), std::end(close_codes), code);
    CHECK(found != std::end(close_codes));
    return static_cast<std::size_t>(found - std::begin(close_codes));
}

std::size_t reason_index(const Drop& drop) { return drop.fault == TicketFault::none ? reason_index(drop.code) : reason_index(drop.fault); }

std::string_view reason_label(std::size_t index) {
    if (index < std::size(close_codes)) return label(close_codes[index]);
    if (index < close_reasons) return other_labels[index - std::size(close_codes)];
    if (index < close_reasons + refusal_reasons) return label(static_cast<Refusal>(index - close_reasons + 1));
    return label(static_cast<TicketFault>(index - close_reasons - refusal_reasons + 1));
}

void HistogramTotal::add(const Histogram& histogram) {
    for (std::size_t i = 0; i <= bounds_s.size(); ++i) counts[i] += histogram.count(i);
    sum_s += histogram.sum_s();
}

std::uint64_t HistogramTotal::count() const {
    std::uint64_t all = 0;
    for (const auto bucket : counts) all += bucket;
    return all;
}

double HistogramTotal::quantile_s(double share) const {
    const double wanted = share * static_cast<double>(count());
    if (wanted <= 0) return 0;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < bounds_s.size(); ++i) {
        seen += counts[i];
        if (static_cast<double>(seen) >= wanted) return bounds_s[i];
    }
    return bounds_s.back();
}

void StatsTotals::add(const StatsShard& shard) {
    ticks += shard.ticks.read();
    ticks_skipped += shard.ticks_skipped.read();
    frames_superseded += shard.frames_superseded.read();
    bytes_received += shard.bytes_received.read();
    throttled += shard.throttled.read();
    rooms += shard.rooms.read();
    mirrors += shard.mirrors.read();
    publications += shard.publications.read();
    publication_bytes += shard.publication_bytes.read();
    mirror_age_s = std::max(mirror_age_s, shard.mirror_age_s.read());
    players += shard.players.read();
    connections += shard.connections.read();
    shields += shard.shields.read();
    rooms_slowed += shard.rooms_slowed.read();
    workers_stuck += shard.workers_stuck.read();
    checkpoints += shard.checkpoints.read();
    checkpoint_bytes += shard.checkpoint_bytes.read();
    checkpoint_age_s = std::max(checkpoint_age_s, shard.checkpoint_age_s.read());
    store_commits += shard.store_commits.read();
    store_errors += shard.store_errors.read();
    store_failing += shard.store_failing.read();
    journal_events += shard.journal_events.read();
    journal_dropped += shard.journal_dropped.read();
    journal_age_s = std::max(journal_age_s, shard.journal_age_s.read());
    rooms_restored += shard.rooms_restored.read();
    rooms_set_aside += shard.rooms_set_aside.read();
    tls_expires_s += shard.tls_expires_s.read();  // one shard has it
    headroom = std::clamp(1 - shard.busy.read(), 0.0, headroom);
    tick_duration.add(shard.tick_duration);
    tick_lateness.add(shard.tick_lateness);
    state_age.add(shard.state_age);
    add_each(frames_sent, shard.frames_sent_);
    add_each(bytes_sent, shard.bytes_sent_);
    add_each(messages_received, shard.messages_received_);
    add_each(resumes, shard.resumes_);
    add_each(handshakes, shard.handshakes_);
    add_each(queue_depth, shard.queue_depth_);
    add_each(refused, shard.refused_);
    add_each(closed, shard.closed_);
}

Stats::~Stats() {
    for (auto& slot : shards_) delete slot.load();
}

StatsShard& Stats::shard() {
    const std::size_t slot = made_.fetch_add(1);
    CHECK(slot < shards_max);
    auto* made = new StatsShard;
    shards_[slot].store(made, std::memory_order_release);
    return *made;
}

StatsTotals Stats::totals() const {
    StatsTotals totals;
    for (const auto& slot : shards_) {
        if (const auto* shard = slot.load(std::memory_order_acquire)) totals.add(*shard);
    }
    return totals;
}

}  // namespace tickrelay
