#include "bench/load/sent_log.h"

#include <algorithm>

namespace tickrelay::bench {

void SentLog::add(const Placement& values, std::int64_t intended_ns, std::int64_t written_ns) {
  ++newest_;
  ring_[newest_ % kept_] = {values, intended_ns, written_ns, newest_};
}

const Sent* SentLog::find(const Placement& values) const {
  for (std::uint32_t back = 0; back < std::min(kept_, newest_); ++back) {
    const Sent& sent = ring_[(newest_ - back) % kept_];
    if (sent.values == values) return &sent;
  }
  return nullptr;
}

}  // namespace tickrelay::bench
