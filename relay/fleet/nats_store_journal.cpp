// The journal → the stream of the fleet. With a data_dir SQLite is the spool: bounded, and what it had to drop is a gap record. Without one
// the ring of events is: its pump asks again until it is done.

#include <algorithm>
#include <utility>
#include <future>
#include <nlohmann/json.hpp>

#include "relay/fleet/data_dir.h"
#include "relay/fleet/nats_store.h"

namespace tickrelay {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t shipped_at_once = 512;
constexpr milliseconds look_every{200};
constexpr milliseconds publish_again{500};
constexpr std::int64_t publish_patience_ms = 2'000;
constexpr std::chrono::seconds journal_patience{5};

std::string type_of(const StoredEvent& event) { return event.lost_from != 0 ? "events.lost" : event.type; }

}  // namespace

void NatsStore::append_event(std::vector<StoredEvent> events, Then<Stored> then) {
    const std::scoped_lock lock(journal_mutex_);
    events_wait_ = true;
    if (journal_)
        journal_->append_event(std::move(events), std::move(then));
    else
        events_.emplace_back(std::move(events), std::move(then));
    journal_wakes_.notify_all();
}

// Nothing: not known.
std::optional<std::uint64_t> NatsStore::last_in_stream() {
    std::string newest;
    const std::string subjects = settings_.node.prefix + ".journal." + key_of(settings_.node.name) + ".>";
    Nats::Read read = Nats::Read::failed;
    for (int tries = 0; read == Nats::Read::failed && tries < 10; ++tries) read = nats_.last(journal_stream(), subjects, newest, publish_patience_ms);
    if (read == Nats::Read::failed) return std::nullopt;
    if (read == Nats::Read::none) return 0;
    const auto event = nlohmann::json::parse(newest, nullptr, false);
    return event.is_object() && event.contains("seq") && event["seq"].is_number_unsigned() ? event["seq"].get<std::uint64_t>() : 0;
}

// One batch after the other: what the stream has last tells where to go on after a restart. A batch of which a part is stored is sent
// again as a whole; the servers drop what they had within the last two minutes, readers drop the rest by its id.
bool NatsStore::publish_events(std::span<const StoredEvent> events) {
    const std::string& name = settings_.node.name;
    const std::string subject = settings_.node.prefix + ".journal." + key_of(name) + ".";
    std::vector<Nats::Message> messages;
    for (const StoredEvent& event : events)
        messages.push_back({.subject = subject + type_of(event), .bytes = settings_.event_text(event), .id = name + "." + std::to_string(event.seq)});
    const std::vector<bool> stored = nats_.publish(messages, publish_patience_ms);
    return std::ranges::all_of(stored, [](bool each) { return each; });
}

// What the spool had to drop meanwhile is told first.
bool NatsStore::ship(const EventPage& page) {
    if (page.events.empty()) return true;
    if (page.first > shipped_ + 1) {
        const StoredEvent gap{.seq = page.first - 1, .lost_from = shipped_ + 1};
        if (!publish_events({&gap, 1})) return false;
        shipped_ = gap.seq;
    }
    if (!publish_events(page.events)) return false;
    shipped_ = page.events.back().seq;
    return true;
}

void NatsStore::note_waiting(bool waits, std::span<const StoredEvent> events) {
    const auto oldest = std::ranges::find_if(events, [](const StoredEvent& event) { return event.time_ms != 0; });
    const double age_s = !waits || oldest == events.end() ? 0 : static_cast<double>(now_since_1970_ms() - oldest->time_ms) / 1e3;
    stats_.journal_age_s.set(std::max(age_s, 0.0));
}

void NatsStore::run_journal() {
    std::unique_lock lock(journal_mutex_);
    bool more = true;
    for (;;) {
        if (!more) journal_wakes_.wait_for(lock, look_every, [this] { return journal_stopping_ || events_wait_; });
        const bool last = journal_stopping_;
        events_wait_ = false;
        auto direct = std::exchange(events_, {});
        lock.unlock();
        bool done = true;
        more = false;
        for (const auto& [events, then] : direct) {
            done = publish_events(events);
            note_waiting(!done, events);
            if (done) stats_.journal_events.add(events.size());
            then(done ? Stored::durable : Stored::failed);
        }
        if (journal_) {
            const auto promise = std::make_shared<std::promise<EventPage>>();
            auto answer = promise->get_future();
            journal_->read_events(shipped_, shipped_at_once, [promise](EventPage page) { promise->set_value(std::move(page)); });
            const EventPage page = answer.wait_for(journal_patience) == std::future_status::ready ? answer.get() : EventPage{};
            done = ship(page);
            note_waiting(!done, page.events);
            more = done && page.events.size() == shipped_at_once;
        }
        lock.lock();
        if (last && !more) return;
        if (!done) journal_wakes_.wait_for(lock, publish_again, [this] { return journal_stopping_; });
    }
}

}  // namespace tickrelay
