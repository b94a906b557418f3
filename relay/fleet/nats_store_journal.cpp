// The journal → the stream of the fleet. With a data_dir SQLite is the spool: bounded, and what it had to drop is a gap record. Without one
// the ring of events is: its pump asks again until it is done.

#include <algorithm>
#include <utility>
#include <future>
#include <nlohmann/json.hpp>

#include "relay/fleet/nats_store.h"

namespace tickrelay {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t shipped_at_once = 512;
constexpr milliseconds look_every{200};
constexpr milliseconds publish_again{500};
constexpr std::int64_t publish_patience_ms = 2'000;
constexpr std::chrono::seconds journal_patience{5};

std::string event_text(const StoredEvent& event, const std::string& node) {
    nlohmann::json out{{"node", node}, {"seq", event.seq}, {"time_ms", event.time_ms}};
    if (event.lost_from != 0) out["lost_from"] = event.lost_from;
    const auto add = [&](const char* key, const std::string& text) {
        if (!text.empty()) out[key] = text;
    };
    add("type", event.type);
    add("room_id", event.room_id);
    add("player_id", event.player_id);
    add("label", event.label);
    add("data", event.data);
    return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

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

std::uint64_t NatsStore::last_in_stream() {
    std::string newest;
    const std::string& prefix = settings_.node.prefix;
    if (nats_.last(prefix + "_journal", prefix + ".journal." + key_of(settings_.node.name), newest, publish_patience_ms) != Nats::Read::found) return 0;
    const auto event = nlohmann::json::parse(newest, nullptr, false);
    return event.is_object() && event.contains("seq") && event["seq"].is_number_unsigned() ? event["seq"].get<std::uint64_t>() : 0;
}

// One after the other: what the stream has last tells where to go on after a restart.
bool NatsStore::publish_events(std::span<const StoredEvent> events) {
    const std::string& prefix = settings_.node.prefix;
    const std::string subject = prefix + ".journal." + key_of(settings_.node.name);
    std::vector<Nats::Message> messages;
    for (const StoredEvent& event : events)
        messages.push_back({.subject = subject, .bytes = event_text(event, settings_.node.name), .id = settings_.node.name + "." + std::to_string(event.seq)});
    const std::vector<bool> stored = nats_.publish(messages, publish_patience_ms);
    return std::ranges::all_of(stored, [](bool each) { return each; });
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
            if (done) stats_.journal_events.add(events.size());
            then(done ? Stored::durable : Stored::failed);
        }
        if (journal_) {
            const auto promise = std::make_shared<std::promise<EventPage>>();
            auto answer = promise->get_future();
            journal_->read_events(shipped_, shipped_at_once, [promise](EventPage page) { promise->set_value(std::move(page)); });
            const EventPage page = answer.wait_for(journal_patience) == std::future_status::ready ? answer.get() : EventPage{};
            done = page.events.empty() || publish_events(page.events);
            if (done && !page.events.empty()) shipped_ = page.events.back().seq;
            more = done && page.events.size() == shipped_at_once;
        }
        lock.lock();
        if (last && !more) return;
        if (!done) journal_wakes_.wait_for(lock, publish_again, [this] { return journal_stopping_; });
    }
}

}  // namespace tickrelay
