// Who sees an entity, where not everyone does. Owner: the worker of the room.
#pragma once

#include <unordered_map>
#include <vector>

#include "relay/core/tick.h"

namespace tickrelay {

enum class SeenBy : std::uint8_t {
    everyone,
    owner,    // nobody where it has none
    team,     // the owner's; without one the owner alone
    players,  // those listed, and the owner
};

struct Visibility {
    SeenBy by = SeenBy::everyone;
    std::vector<PlayerNumber> players;  // in order, with SeenBy::players
    friend bool operator==(const Visibility&, const Visibility&) = default;
};

class Visibilities {
  public:
    // Null: everyone.
    [[nodiscard]] const Visibility* of(EntityId id) const;
    void set(EntityId id, Visibility visibility);
    void forget(EntityId id);  // it is gone
    [[nodiscard]] const std::unordered_map<EntityId, Visibility>& all() const { return all_; }

    // Whose visibility was set since the last call, instead of what was in `into`.
    void take_changed(std::vector<EntityId>& into) {
        into.clear();
        into.swap(changed_);
    }

  private:
    std::unordered_map<EntityId, Visibility> all_;
    static constexpr std::size_t compacted_least = 1'024;
    std::vector<EntityId> changed_;
    std::size_t compacted_at_ = compacted_least;
};

}  // namespace tickrelay
