#pragma once
// What a room's players set and when they meant to, for whoever sees it come back on another thread. The players' thread alone writes and
// never waits: what finds the board taken is written with the next value. Any thread looks.

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "bench/load/sent_log.h"

namespace tickrelay::bench {

class SentBoard {
 public:
  void add(std::uint32_t entity, const Placement& placement, std::int64_t intended_ns) {
    waiting_.push_back({entity, placement, intended_ns});
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return;
    for (const Step& step : waiting_) logs_[step.entity].add(step.placement, step.intended_ns, step.intended_ns);
    waiting_.clear();
  }

  // When this value was meant to be set. nullopt: it never was, or is too old to be known.
  std::optional<std::int64_t> intended_ns(std::uint32_t entity, const Placement& placement) const {
    const std::scoped_lock lock(mutex_);
    const auto log = logs_.find(entity);
    const Sent* sent = log == logs_.end() ? nullptr : log->second.find(placement);
    return sent == nullptr ? std::nullopt : std::optional(sent->intended_ns);
  }

 private:
  struct Step {
    std::uint32_t entity;
    Placement placement;
    std::int64_t intended_ns;
  };

  std::vector<Step> waiting_;  // the writer's
  mutable std::mutex mutex_;
  std::unordered_map<std::uint32_t, SentLog> logs_;  // by entity; under mutex_
};

}  // namespace tickrelay::bench
