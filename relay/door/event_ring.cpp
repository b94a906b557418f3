#include "relay/door/event_ring.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tickrelay {

namespace {

constexpr std::array<std::string_view, 14> names = {
    "room.spawned",  "room.closed",    "room.updated",  "room.message", "room.result",    "room.restored",  "room.slowed",
    "room.full_rate", "player.joined", "player.left", "player.dropped", "player.resumed", "relay.draining", "relay.undrained"};

std::size_t bytes_of(const RelayEvent& event) {
    return sizeof event + event.room_id.size() + event.player_id.size() + event.label.size() + event.data.size();
}

}  // namespace

std::string_view name_of(RelayEventType type) { return names[static_cast<std::size_t>(type)]; }

bool find_event_type(std::string_view name, RelayEventType& type) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return false;
    type = static_cast<RelayEventType>(found - names.begin());
    return true;
}

bool EventRing::Filter::takes(const RelayEvent& event) const {
    if (!room_id.empty() && room_id != event.room_id) return false;
    return types.empty() || std::find(types.begin(), types.end(), event.type) != types.end();
}

namespace {

// Goes through numbered events up to `last`. A gap ends the batch's run: the loss is told before what follows it.
template <typename Iterator>
EventRing::Batch collect(std::uint64_t after, const EventRing::Filter& filter, std::size_t events, Iterator next, Iterator end, std::uint64_t last) {
    EventRing::Batch batch;
    batch.cursor = after;
    while (batch.cursor < last && batch.events.size() < events) {
        const std::uint64_t number = next == end ? last + 1 : next->seq;
        if (number > batch.cursor + 1) {
            if (!batch.events.empty()) break;
            if (batch.lost_from == 0) batch.lost_from = batch.cursor + 1;
            batch.lost_to = number - 1;
            batch.cursor = number - 1;
            continue;
        }
        batch.cursor = number;
        if (filter.takes(*next)) batch.events.push_back(*next);
        ++next;
    }
    return batch;
}

}  // namespace

EventRing::Batch EventRing::read_ring(std::uint64_t after, const Filter& filter, std::size_t events) const {
    const std::lock_guard lock(mutex_);
    after = std::min(after, last_);  // a cursor of an earlier life of the relay starts at the present
    const auto next = std::upper_bound(events_.begin(), events_.end(), after,
                                       [](std::uint64_t seq, const RelayEvent& event) { return seq < event.seq; });
    return collect(after, filter, events, next, events_.end(), last_);
}

EventRing::Batch EventRing::read(std::uint64_t after, const Filter& filter, std::size_t events) const {
    constexpr std::size_t page_max = 128;
    std::uint64_t ring_begins = 0;
    {
        const std::lock_guard lock(mutex_);
        ring_begins = events_.empty() ? last_ + 1 : events_.front().seq;
    }
    if (archive_ == nullptr || after + 1 >= ring_begins) return read_ring(after, filter, events);
    auto page = archive_->read(after, page_max);
    if (!page) return {.events = {}, .cursor = after};
    auto& found = page->events;
    while (!found.empty() && found.back().seq >= ring_begins) found.pop_back();
    const std::uint64_t last = page->whole ? ring_begins - 1 : std::min(page->last, ring_begins - 1);
    return collect(after, filter, events, found.begin(), found.end(), last);
}

std::uint64_t EventRing::last() const {
    const std::lock_guard lock(mutex_);
    return last_;
}

std::uint64_t EventRing::push(RelayEvent event) {
    std::vector<RelayEvent> events;
    events.push_back(std::move(event));
    std::uint64_t seq = 0;
    {
        const std::lock_guard lock(mutex_);
        append(events, 0);
        seq = last_;
    }
    if (wake_) wake_();
    return seq;
}

void EventRing::append(std::vector<RelayEvent>& events, std::uint64_t missed) {
    for (auto& event : events) {
        event.seq = ++last_;
        bytes_ += bytes_of(event);
        events_.push_back(std::move(event));
    }
    last_ += missed;
    while (events_.size() > events_max_ || (bytes_ > bytes_max_ && events_.size() > 1)) {
        bytes_ -= bytes_of(events_.front());
        events_.pop_front();
    }
}

void EventWriter::push(RelayEvent event) {
    if (pending_.size() < pending_max) {
        pending_.push_back(std::move(event));
    } else {
        ++missed_;
    }
    flush();
}

void EventWriter::flush() {
    if (pending_.empty() && missed_ == 0) return;
    {
        const std::unique_lock lock(ring_.mutex_, std::try_to_lock);
        if (!lock.owns_lock()) return;
        ring_.append(pending_, missed_);
    }
    pending_.clear();
    missed_ = 0;
    if (ring_.wake_) ring_.wake_();
}

}  // namespace tickrelay
