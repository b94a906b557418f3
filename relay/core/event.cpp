#include "relay/core/event.h"

#include "relay/core/check.h"

namespace tickrelay {

EventNumber EventLog::push(Event event) {
    bytes_ += event.bytes();
    ring_.push_back(std::move(event));
    while (ring_.size() > 1 && (ring_.size() > count_max_ || bytes_ > bytes_max_)) forget_up_to(first_);
    return last();
}

EventNumber EventLog::run_end(EventNumber first, std::size_t bytes_max) const {
    CHECK(first >= first_);
    std::size_t bytes = 0;
    EventNumber end = first - 1;
    while (end < last()) {
        bytes += at(end + 1).bytes();
        if (bytes > bytes_max && end >= first) break;
        ++end;
    }
    return end;
}

void EventLog::forget_up_to(EventNumber number) {
    while (!ring_.empty() && first_ <= number) {
        bytes_ -= ring_.front().bytes();
        ring_.pop_front();
        ++first_;
    }
}

void EventLog::skip_to(EventNumber last_number) {
    CHECK(ring_.empty() && last_number + 1 >= first_);
    first_ = last_number + 1;
}

}  // namespace tickrelay
