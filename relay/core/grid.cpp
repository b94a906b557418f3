#include "relay/core/grid.h"

#include <cstring>

namespace tickrelay {

Positions::Positions(const Layout& layout) {
    for (ComponentIndex i = first_schema_component; i < layout.components().size(); ++i) {
        std::vector<std::uint16_t> offsets;
        for (const Field& field : layout.component(i).fields)
            if (field.has(FieldFlags::Position) && offsets.size() < std::tuple_size_v<Point>) offsets.push_back(field.offset);
        if (offsets.empty()) continue;
        components_.push_back(i);
        offsets_.push_back(std::move(offsets));
    }
}

bool Positions::find(const World& world, EntityId id, Point& at) const {
    for (std::size_t i = 0; i < components_.size(); ++i) {
        const auto value = world.get(id, components_[i]);
        if (value.empty()) continue;
        at = {};
        for (std::size_t axis = 0; axis < offsets_[i].size(); ++axis) std::memcpy(&at[axis], value.data() + offsets_[i][axis], sizeof at[axis]);
        return true;
    }
    return false;
}

}  // namespace tickrelay
