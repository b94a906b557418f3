#include "relay/core/visibility.h"

#include <algorithm>

namespace tickrelay {

const Visibility* Visibilities::of(EntityId id) const {
    const auto it = all_.find(id);
    return it == all_.end() ? nullptr : &it->second;
}

void Visibilities::set(EntityId id, Visibility visibility) {
    std::ranges::sort(visibility.players);
    changed_.push_back(id);
    if (changed_.size() >= compacted_at_) {  // nobody may be there to take them
        std::ranges::sort(changed_);
        changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
        compacted_at_ = std::max(compacted_least, 2 * changed_.size());
    }
    if (visibility.by == SeenBy::everyone)
        all_.erase(id);
    else
        all_[id] = std::move(visibility);
}

void Visibilities::forget(EntityId id) { all_.erase(id); }

}  // namespace tickrelay
