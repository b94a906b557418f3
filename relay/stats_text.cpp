// Prometheus text format 0.0.4 of the totals.
#include <charconv>

#include "relay/stats.h"

namespace tickrelay {

namespace {

void put(std::string& out, double number) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, number);
    out.append(text, end.ptr);
}

void put(std::string& out, std::uint64_t number) { out += std::to_string(number); }
void put(std::string& out, std::int64_t number) { out += std::to_string(number); }

class Page {
  public:
    void head(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        for (const auto& [word, text] : {std::pair{"# HELP ", help}, std::pair{"# TYPE ", type}}) {
            out_.append(word).append(name).append(" ").append(text).append("\n");
        }
    }

    template <typename Number>
    void sample(std::string_view suffix, std::string_view labels, Number number) {
        out_.append(name_).append(suffix);
        if (!labels.empty()) out_.append("{").append(labels).append("}");
        out_ += ' ';
        put(out_, number);
        out_ += '\n';
    }

    template <typename Number>
    void one(std::string_view name, std::string_view type, std::string_view help, Number number) {
        head(name, type, help);
        sample("", "", number);
    }

    // One sample per label value.
    template <typename Numbers, typename LabelOf>
    void each(std::string_view name, std::string_view type, std::string_view help, std::string_view label,
              const Numbers& numbers, LabelOf&& label_of) {
        head(name, type, help);
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            sample("", std::string(label) + "=\"" + std::string(label_of(i)) + "\"", numbers[i]);
        }
    }

    void histogram(std::string_view name, std::string_view help, const HistogramTotal& total) {
        head(name, "histogram", help);
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < total.bounds_s.size(); ++i) {
            below += total.counts[i];
            std::string bound = "le=\"";
            put(bound, total.bounds_s[i]);
            sample("_bucket", bound + "\"", below);
        }
        const std::uint64_t count = total.count();
        sample("_bucket", "le=\"+Inf\"", count);
        sample("_sum", "", total.sum_s);
        sample("_count", "", count);
    }

    std::string take() { return std::move(out_); }

  private:
    std::string out_;
    std::string name_;
};

void gauges(Page& page, const StatsTotals& totals, std::string_view version) {
    page.one("tickrelay_rooms", "gauge", "Rooms on this relay.", totals.rooms);
    page.one("tickrelay_mirrors", "gauge", "Mirrors of rooms on this relay, for spectators.", totals.mirrors);
    page.one("tickrelay_mirror_age_seconds", "gauge", "Age of what a mirror shows, its room's delay included; the oldest of all mirrors here.",
             totals.mirror_age_s);
    page.one("tickrelay_publications_total", "counter", "Publications of watched rooms, each for all their mirrors.", totals.publications);
    page.one("tickrelay_publication_bytes_total", "counter", "Bytes of these.", totals.publication_bytes);
    page.one("tickrelay_players", "gauge", "Seats taken, connected or within their grace time.", totals.players);
    page.one("tickrelay_connections", "gauge", "Open connections on the players' port.", totals.connections);
    page.one("tickrelay_shields", "gauge", "Those of them that are a player's second connection.", totals.shields);
    page.one("tickrelay_headroom_ratio", "gauge", "1 minus the busy share of the busiest loop or worker over 5 s.",
             totals.headroom);
    page.one("tickrelay_rooms_slowed", "gauge", "Rooms that send or tick less than they should: their worker is overloaded.",
             totals.rooms_slowed);
    page.one("tickrelay_workers_stuck", "gauge", "Workers whose step lasts longer than `watchdog`: a logic that does not return.",
             totals.workers_stuck);
    page.each("tickrelay_queue_depth", "gauge", "Entries waiting in the queues between threads.", "queue",
              totals.queue_depth, [](std::size_t i) { return queue_kinds[i]; });
    if (totals.tls_expires_s != 0) {
        page.one("tickrelay_tls_certificate_expiry_seconds", "gauge", "End of the certificate that expires first, since 1970.",
                 totals.tls_expires_s);
    }
    page.head("tickrelay_build_info", "gauge", "Always 1; the version is in the label.");
    page.sample("", "version=\"" + std::string(version) + "\"", std::uint64_t{1});
}

void ticks(Page& page, const StatsTotals& totals) {
    page.histogram("tickrelay_tick_duration_seconds", "Time that a room's tick took.", totals.tick_duration);
    page.histogram("tickrelay_tick_lateness_seconds", "Begin of a tick after it was due.", totals.tick_lateness);
    page.one("tickrelay_ticks_total", "counter", "Ticks done.", totals.ticks);
    page.one("tickrelay_ticks_skipped_total", "counter", "Tick numbers passed over because the tick came too late.",
             totals.ticks_skipped);
    page.histogram("tickrelay_state_age_seconds",
                   "Once a second per player: now minus the time of the newest tick acknowledged as complete.",
                   totals.state_age);
}

void traffic(Page& page, const StatsTotals& totals) {
    const auto sent = [](std::size_t i) { return sent_kinds[i]; };
    page.each("tickrelay_frames_sent_total", "counter", "Frames handed to sockets.", "kind", totals.frames_sent, sent);
    page.one("tickrelay_frames_superseded_total", "counter", "Frames not sent because a newer one replaced them.",
             totals.frames_superseded);
    page.each("tickrelay_bytes_sent_total", "counter", "Bytes handed to sockets.", "kind", totals.bytes_sent, sent);
    page.one("tickrelay_throttled_total", "counter", "Times a connection above its quota was not read for a while.", totals.throttled);
    page.one("tickrelay_bytes_received_total", "counter", "Bytes of messages from players.", totals.bytes_received);
    page.each("tickrelay_messages_received_total", "counter", "Messages from players, and the actions in them.", "kind",
              totals.messages_received, [](std::size_t i) { return received_kinds[i]; });
    page.each("tickrelay_refused_total", "counter", "Connections, joins and actions that were refused.", "reason",
              totals.refused, reason_label);
    page.each("tickrelay_closed_total", "counter", "Connections that ended.", "reason", totals.closed, reason_label);
    page.each("tickrelay_resumes_total", "counter", "Players who came back to their seat.", "result", totals.resumes,
              [](std::size_t i) { return resume_results[i]; });
    page.each("tickrelay_tls_handshakes_total", "counter", "TLS handshakes that were completed.", "result",
              totals.handshakes, [](std::size_t i) { return handshake_results[i]; });
}

void store(Page& page, const StatsTotals& totals) {
    page.one("tickrelay_checkpoints_total", "counter", "Checkpoints of rooms given to the store.", totals.checkpoints);
    page.one("tickrelay_checkpoint_bytes_total", "counter", "Their bytes.", totals.checkpoint_bytes);
    page.one("tickrelay_checkpoint_age_seconds", "gauge", "Age of the oldest change of a room that no durable checkpoint holds.",
             totals.checkpoint_age_s);
    page.one("tickrelay_store_commits_total", "counter", "Writes of the store that are durable.", totals.store_commits);
    page.one("tickrelay_store_errors_total", "counter", "Writes of the store that failed.", totals.store_errors);
    page.one("tickrelay_store_failing", "gauge", "1 while the store's last write failed: rooms go on, a crash would lose more.",
             totals.store_failing);
    page.one("tickrelay_journal_events_total", "counter", "Events written to the journal.", totals.journal_events);
    page.one("tickrelay_journal_dropped_total", "counter", "Events that the journal lost or dropped as the oldest.", totals.journal_dropped);
    page.one("tickrelay_journal_age_seconds", "gauge", "Age of the oldest event that waits for the fleet's NATS servers; 0: none does.", totals.journal_age_s);
    page.one("tickrelay_rooms_restored_total", "counter", "Rooms taken up from their checkpoints.", totals.rooms_restored);
    page.one("tickrelay_rooms_set_aside_total", "counter", "Rooms whose checkpoint could not be taken up.", totals.rooms_set_aside);
}

void process_family(Page& page, const ProcessFigures& process) {
    page.one("process_cpu_seconds_total", "counter", "Processor time used, user and system.", process.cpu_s);
    page.one("process_start_time_seconds", "gauge", "Start of the process since 1970.", process.start_time_s);
    page.one("process_resident_memory_bytes", "gauge", "Resident memory.", process.resident_bytes);
    page.one("process_virtual_memory_bytes", "gauge", "Virtual memory.", process.virtual_bytes);
    page.one("process_open_fds", "gauge", "Open file descriptors.", process.open_fds);
    page.one("process_max_fds", "gauge", "File descriptors that may be open.", process.fds_max);
    page.one("process_threads", "gauge", "Threads.", process.threads);
}

}  // namespace

std::string render_metrics(const StatsTotals& totals, const ProcessFigures& process, std::string_view version) {
    Page page;
    gauges(page, totals, version);
    ticks(page, totals);
    traffic(page, totals);
    store(page, totals);
    process_family(page, process);
    return page.take();
}

}  // namespace tickrelay
