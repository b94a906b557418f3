#include "relay/journal_pump.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <nlohmann/json.hpp>

#include "relay/door/event_json.h"
#include "relay/door/json.h"

namespace tickrelay {

namespace {

constexpr std::size_t events_at_once = 1'024;
constexpr std::size_t gaps_max = 64;
constexpr std::chrono::milliseconds read_patience{500};  // the admin thread has others to serve

StoredEvent stored(RelayEvent&& event) {
    return {.seq = event.seq,
            .lost_from = 0,
            .time_ms = event.time_ms,
            .type = std::string(name_of(event.type)),
            .room_id = std::move(event.room_id),
            .player_id = std::move(event.player_id),
            .label = std::move(event.label),
            .data = std::move(event.data),
            .trace_id = std::move(event.trace_id)};
}

}  // namespace

std::optional<RelayEvent> relay_event(StoredEvent from) {
    RelayEvent event{.seq = from.seq, .time_ms = from.time_ms, .room_id = std::move(from.room_id), .player_id = std::move(from.player_id),
                     .label = std::move(from.label), .data = std::move(from.data), .trace_id = std::move(from.trace_id)};
    if (from.lost_from != 0 || !find_event_type(from.type, event.type)) return std::nullopt;
    return event;
}

std::string event_text(const StoredEvent& event, const std::string& node) {
    const auto known = relay_event(event);
    nlohmann::json object = known ? to_json(*known) : nlohmann::json{{"type", "events.lost"}, {"seq", event.seq}, {"from", event.lost_from != 0 ? event.lost_from : event.seq}, {"to", event.seq}};
    object["node"] = node;
    return dump_line(object);
}

void JournalPump::start() {
    const std::uint64_t first = store_.first_event();
    ring_.begin_at(first);
    stored_ = first - 1;
    ring_.set_archive(this);
}

void JournalPump::step() {
    std::vector<StoredEvent> events;
    std::uint64_t up_to = 0;
    {
        const std::scoped_lock lock(mutex_);
        if (writing_) return;
        EventRing::Batch batch = ring_.read_ring(stored_, {}, events_at_once);
        if (batch.cursor == stored_) return;
        up_to = batch.cursor;
        if (batch.lost_from != 0) {
            events.push_back({.seq = batch.lost_to, .lost_from = batch.lost_from});
            gaps_.push_back({.from = batch.lost_from, .to = batch.lost_to});
            if (gaps_.size() > gaps_max) gaps_.pop_front();
        }
        for (RelayEvent& event : batch.events) events.push_back(stored(std::move(event)));
        writing_ = true;
    }
    store_.reserve_events(ring_.last());
    store_.append_event(std::move(events), [this, up_to](Stored what) {
        const std::scoped_lock lock(mutex_);
        writing_ = false;
        if (what == Stored::durable) stored_ = up_to;
        moved_.notify_all();
    });
}

JournalPump::Kept JournalPump::wait_for(std::uint64_t seq, std::chrono::steady_clock::time_point deadline) {
    for (;;) {
        step();
        std::unique_lock lock(mutex_);
        const auto done = [&] { return stored_ >= seq || !writing_; };
        const auto kept = [&] {
            const bool lost = std::ranges::any_of(gaps_, [seq](const Gap& gap) { return seq >= gap.from && seq <= gap.to; });
            return lost ? Kept::lost : Kept::yes;
        };
        if (!moved_.wait_until(lock, deadline, done)) return Kept::late;
        if (stored_ >= seq) return kept();
        if (moved_.wait_until(lock, std::min(deadline, std::chrono::steady_clock::now() + std::chrono::milliseconds(20)),
                              [&] { return stored_ >= seq; }))
            return kept();
        if (std::chrono::steady_clock::now() >= deadline) return Kept::late;
    }
}

std::optional<EventArchive::Page> JournalPump::read(std::uint64_t after, std::size_t count) {
    const auto promise = std::make_shared<std::promise<EventPage>>();
    std::future<EventPage> answer = promise->get_future();
    store_.read_events(after, count, [promise](EventPage page) { promise->set_value(std::move(page)); });
    if (answer.wait_for(read_patience) != std::future_status::ready) return std::nullopt;
    std::vector<StoredEvent> records = answer.get().events;
    Page page{.events = {}, .last = records.empty() ? 0 : records.back().seq, .whole = records.size() < count};
    for (StoredEvent& from : records)
        if (auto event = relay_event(std::move(from))) page.events.push_back(*std::move(event));
    return page;
}

}  // namespace tickrelay
