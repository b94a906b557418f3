#include "bench/load/recorded_changes.h"

namespace tickrelay::bench {
namespace {

RecordedKey key_of(const RecordedEntity& entity) { return {entity.type, entity.id}; }

std::uint64_t all_fields(std::size_t fields) {
  return fields == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << fields) - 1;
}

}  // namespace

// Both lists are sorted: one walk through both.
const std::vector<RecordedChange>& RecordedChanges::to(std::size_t tick) {
  using What = RecordedChange::What;
  changes_.clear(), others_.clear();
  std::swap(before_, now_);
  recording_.tick(tick, now_);
  auto before = before_.begin();
  for (const RecordedEntity& entity : now_) {
    for (; before != before_.end() && key_of(*before) < key_of(entity); ++before) {
      changes_.push_back({What::goes, key_of(*before), 0, {}});
    }
    if (before != before_.end() && key_of(*before) == key_of(entity)) {
      compare(*before++, entity);
    } else {
      others_.push_back({What::appears, key_of(entity), all_fields(entity.values.size()), entity.values});
    }
  }
  for (; before != before_.end(); ++before) changes_.push_back({What::goes, key_of(*before), 0, {}});
  changes_.insert(changes_.end(), others_.begin(), others_.end());
  return changes_;
}

void RecordedChanges::compare(const RecordedEntity& before, const RecordedEntity& now) {
  std::uint64_t mask = 0;
  for (std::size_t field = 0; field < now.values.size(); ++field) {
    if (now.values[field] != before.values[field]) mask |= std::uint64_t{1} << field;
  }
  if (mask != 0) others_.push_back({RecordedChange::What::changes, key_of(now), mask, now.values});
}

}  // namespace tickrelay::bench
