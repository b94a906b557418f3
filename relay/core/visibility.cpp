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
    if (visibility.by == SeenBy::everyone)
        all_.erase(id);
    else
        all_[id] = std::move(visibility);
}

void Visibilities::forget(EntityId id) { all_.erase(id); }

}  // namespace tickrelay
