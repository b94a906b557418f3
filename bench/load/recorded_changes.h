#pragma once
// From one recorded tick to the next: what appeared, what went, which fields changed. The actions of a replay, and the
// changes that codec benchmarks encode. No I/O.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "bench/load/recording.h"

namespace tickrelay::bench {

using RecordedKey = std::pair<std::uint32_t, std::uint32_t>;  // type, id

struct RecordedChange {
  enum class What { appears, changes, goes };
  What what;
  RecordedKey key;
  std::uint64_t mask = 0;                // fields that differ; all of one that appears
  std::span<const std::int32_t> values;  // all fields; in the recording
};

class RecordedChanges {
 public:
  explicit RecordedChanges(const Recording& recording) : recording_(recording) {}

  // From the tick that was asked for last to this one; from nothing at first. Those that go come first. Valid until the
  // next call.
  const std::vector<RecordedChange>& to(std::size_t tick);

 private:
  void compare(const RecordedEntity& before, const RecordedEntity& now);

  const Recording& recording_;
  std::vector<RecordedEntity> before_, now_;
  std::vector<RecordedChange> changes_, others_;
};

}  // namespace tickrelay::bench
