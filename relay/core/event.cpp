#include "relay/core/event.h"

#include <algorithm>
#include <utility>

#include "relay/core/check.h"

namespace tickrelay {

bool EventLog::takes(const Event& event) const {
    if (!shares_ || event.player == 0) return true;
    const auto held = shares_->held.find(event.player);
    if (held == shares_->held.end()) return true;
    const Share& its = held->second.of(event.kind);
    return its.count < shares_->each.count && its.bytes + event.bytes() <= shares_->each.bytes;
}

bool EventLog::has_inputs_of(PlayerNumber player) const {
    const auto held = shares_->held.find(player);
    return held != shares_->held.end() && held->second.inputs.count != 0;
}

EventNumber EventLog::push(Event event) {
    bytes_ += event.bytes();
    if (shares_) {
        Share& held = shares_->held[event.player].of(event.kind);
        ++held.count;
        held.bytes += event.bytes();
    }
    ring_.push_back(std::move(event));
    while (size() > 1 && (size() > count_max_ || bytes_ > bytes_max_)) forget_up_to(first_);
    return last();
}

EventNumber EventLog::run_end(EventNumber first, std::size_t bytes_max) const {
    CHECK(first >= first_);
    std::size_t bytes = 0;
    EventNumber end = first - 1;
    while (end < last() && (gap_ == 0 || end != gap_after_)) {
        bytes += at(end + 1).bytes();
        if (bytes > bytes_max && end >= first) break;
        ++end;
    }
    return end;
}

std::span<const Event> EventLog::held_up_to(EventNumber number) const {
    if (number < first_) return {};
    const std::size_t before_gap = gap_ == 0 ? size() : gap_after_ - first_ + 1;
    const std::size_t wanted = number - first_ + 1;
    const std::size_t count = wanted <= before_gap ? wanted : before_gap + (wanted - before_gap > gap_ ? wanted - before_gap - gap_ : 0);
    return std::span(ring_).subspan(front_, std::min(count, size()));
}

void EventLog::forget_up_to(EventNumber number) {
    while (size() != 0 && first_ <= number) {
        const Event& gone = ring_[front_];
        bytes_ -= gone.bytes();
        if (shares_) {
            const auto held = shares_->held.find(gone.player);
            Share& its = held->second.of(gone.kind);
            its.bytes -= gone.bytes();
            --its.count;
            if (held->second.inputs.count + held->second.others.count == 0) shares_->held.erase(held);
        }
        ring_[front_++] = {};
        if (first_++ == gap_after_) first_ += std::exchange(gap_, 0);
    }
    if (front_ * 2 < ring_.size()) return;
    ring_.erase(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(front_));
    front_ = 0;
}

EventNumber EventLog::continues_at(EventNumber have) const {
    if (have < first_) return first_ - 1;
    return gap_ != 0 && have >= gap_after_ && have - gap_after_ < gap_ ? gap_after_ + gap_ : have;
}

EventNumber EventLog::before_last(std::size_t count) const {
    count = std::min(count, size());
    const EventNumber after = last() - static_cast<EventNumber>(count);
    return gap_ != 0 && after < gap_after_ + gap_ ? after - gap_ : after;
}

void EventLog::skip_to(EventNumber last_number) {
    CHECK(last_number >= last());
    if (last_number == last()) return;
    if (gap_ != 0) forget_up_to(gap_after_);
    if (size() == 0) return begin_at(last_number + 1);
    gap_after_ = last();
    gap_ = last_number - gap_after_;
}

void EventLog::begin_at(EventNumber first) {
    CHECK(size() == 0 && first >= first_);
    first_ = first;
}

}  // namespace tickrelay
