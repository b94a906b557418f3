#include "relay/core/extent.h"

#include <algorithm>

#include "relay/core/plant.h"

namespace tickrelay {

bool Extent::lists_alive(Tick base) const {
    return members_ == nullptr && base != 0 && base < world_->tombstone_floor() && !PLANTED(floor);
}

void Extent::add_gone(Tick base, bool alive, std::vector<EntityId>& to) const {
    if (alive) {
        const auto ids = world_->entities().ids();
        to.insert(to.end(), ids.begin(), ids.end());
        return;
    }
    if (base == 0) return;
    const auto& tombstones = members_ == nullptr ? world_->tombstones() : *left_;
    for (auto it = tombstones.rbegin(); it != tombstones.rend() && it->died > base; ++it) {
        PLANT(if (PLANTED(born) && births[{world_, it->id}] > base) continue;)
        to.push_back(it->id);
    }
    if (members_ == nullptr && !world_->ids_return()) return;
    // One may have gone more than once.
    std::ranges::sort(to);
    to.erase(std::unique(to.begin(), to.end()), to.end());
}

}  // namespace tickrelay
