#include "relay/core/checkpoint_world.h"

#include <cstring>
#include <unordered_set>

#include "relay/core/limits.h"
#include "relay/core/plant.h"

namespace tickrelay {

namespace {

using Error = std::string;  // empty where all is well

constexpr std::size_t frame_tables_max = 1'000;  // a frame has a table per component
constexpr Tick before_history = 1;               // forget_history() stamps
// Each seat may bring its entity and its roster entry, whatever is there; entity 0 is the room.
constexpr std::size_t entities_max = limits::entities_max + 2 * limits::players_max + 1;

class ColumnReader {
  public:
    enum class As : std::uint8_t { first, update };  // first: of an empty world, all that there is of the component

    ColumnReader(const wire::Column& column, const Component& component, World& world, Tick stamp, As as)
        : column_(column), component_(component), world_(world), stamp_(stamp), as_(as), values_(bytes_of(column.values())) {}

    Error read() {
        if (column_.ids() == nullptr || column_.ids()->size() == 0 || column_.ids()->size() > entities_max) return "has no ids, or too many";
        if (column_.masks() != nullptr && (as_ == As::first || component_.opaque() || index() == owner_component)) return "leaves out fields";
        if (component_.opaque() != (column_.lengths() != nullptr)) return "is of the other kind, struct or opaque";
        const Error wrong = component_.opaque() ? read_opaque() : read_struct();
        if (!wrong.empty()) return wrong;
        return values_.empty() ? "" : "has bytes left over";
    }

  private:
    static std::span<const std::byte> bytes_of(const flatbuffers::Vector<std::uint8_t>* from) {
        return from == nullptr ? std::span<const std::byte>() : std::as_bytes(std::span(from->data(), from->size()));
    }

    Error read_struct() {
        const std::size_t mask_bytes = component_.mask_bytes();
        if (column_.masks() != nullptr && column_.masks()->size() != mask_bytes * column_.ids()->size()) return "has not a mask per entity";
        for (flatbuffers::uoffset_t i = 0; i < column_.ids()->size(); ++i) {
            const EntityId id = column_.ids()->Get(i);
            std::uint64_t mask = column_.masks() == nullptr ? component_.all() : 0;
            for (flatbuffers::uoffset_t at = 0; at < mask_bytes && column_.masks() != nullptr; ++at)
                mask |= std::uint64_t{column_.masks()->Get(i * static_cast<flatbuffers::uoffset_t>(mask_bytes) + at)} << (8 * at);
            if ((mask & ~component_.all()) != 0) return "has a field that it has not";
            const std::size_t width = component_.packed_bytes(mask);
            if (width > values_.size()) return "has too few bytes";
            const auto value = take(width);
            if (const Error wrong = index() == owner_component ? put_owner(id, value) : may_put(id); !wrong.empty()) return wrong;
            if (index() != owner_component) world_.write(id, index(), mask, value, stamp_);
        }
        return "";
    }

    Error put_owner(EntityId id, std::span<const std::byte> value) {
        PlayerNumber owner;
        std::memcpy(&owner, value.data(), sizeof owner);
        if (!world_.has(id)) {
            if (world_.size() >= entities_max) return "has too many entities";
            world_.create(id, owner, stamp_);
        } else if (as_ == As::first) {
            return "has an entity twice";
        } else {
            world_.set_owner(id, owner, stamp_);
        }
        return "";
    }

    Error may_put(EntityId id) const {
        if (!world_.has(id)) return "has an entity without an owner";
        return as_ == As::first && world_.has(id, index()) ? "has an entity twice" : "";
    }

    Error read_opaque() {
        if (column_.lengths()->size() != column_.ids()->size()) return "has not a length per entity";
        for (flatbuffers::uoffset_t i = 0; i < column_.ids()->size(); ++i) {
            const EntityId id = column_.ids()->Get(i);
            const std::size_t length = column_.lengths()->Get(i);
            if (length > limits::opaque_bytes_max || length > values_.size()) return "has a value that is too long";
            if (const Error wrong = may_put(id); !wrong.empty()) return wrong;
            world_.replace(id, index(), take(length), stamp_);
        }
        return "";
    }

    std::span<const std::byte> take(std::size_t count) {
        const auto taken = values_.first(count);
        values_ = values_.subspan(count);
        return taken;
    }
    [[nodiscard]] ComponentIndex index() const { return column_.component(); }

    const wire::Column& column_;
    const Component& component_;
    World& world_;
    const Tick stamp_;
    const As as_;
    std::span<const std::byte> values_;
};

Error read_columns(const wire::StateFrame& frame, World& world, Tick stamp, ColumnReader::As as) {
    const std::span<const Component> components = world.layout().components();
    std::size_t next = 0;
    for (flatbuffers::uoffset_t i = 0; frame.columns() != nullptr && i < frame.columns()->size(); ++i) {
        const wire::Column& column = *frame.columns()->Get(i);
        if (column.component() < next || column.component() >= components.size()) return "has components that are unknown or out of order";
        next = column.component() + std::size_t{1};
        const Component& component = components[column.component()];
        if (const Error wrong = ColumnReader(column, component, world, stamp, as).read(); !wrong.empty()) return component.name + " " + wrong;
    }
    return world.has(0) ? "" : "has no entity 0";
}

void remove_all_but(const std::unordered_set<EntityId>& alive, World& world, Tick now) {
    std::vector<EntityId> gone;
    for (const EntityId id : world.entities().ids())
        if (id != 0 && !alive.contains(id)) gone.push_back(id);
    for (const EntityId id : gone) world.remove(id, now);
}

}  // namespace

std::string apply_frame(const wire::StateFrame& frame, World& world, Tick now) {
    const auto* const columns = frame.columns();
    const bool whole = frame.head()->span() == 0;
    if (frame.packed() != nullptr) return "is not in codec plain";
    if (whole && (columns == nullptr || columns->size() == 0 || columns->Get(0)->component() != owner_component || columns->Get(0)->ids() == nullptr))
        return "does not say who is there";
    if (const auto* alive = whole ? columns->Get(0)->ids() : frame.alive())
        remove_all_but(std::unordered_set<EntityId>(alive->begin(), alive->end()), world, now);
    for (flatbuffers::uoffset_t i = 0; frame.removed() != nullptr && i < frame.removed()->size(); ++i)
        if (const EntityId id = frame.removed()->Get(i); id != 0 && world.has(id)) world.remove(id, now);
    return read_columns(frame, world, now, ColumnReader::As::update);
}

bool lacks_components(const wire::StateFrame& whole, const World& world) {
    std::vector<const flatbuffers::Vector<std::uint32_t>*> ids(world.layout().components().size());
    for (flatbuffers::uoffset_t i = 0; whole.columns() != nullptr && i < whole.columns()->size(); ++i)
        if (const wire::Column& column = *whole.columns()->Get(i); column.component() < ids.size()) ids[column.component()] = column.ids();
    const auto set_of = [&](std::size_t component) {
        return ids[component] == nullptr ? std::unordered_set<EntityId>() : std::unordered_set<EntityId>(ids[component]->begin(), ids[component]->end());
    };
    const auto alive = set_of(owner_component);
    for (ComponentIndex i = owner_component + 1; i < ids.size(); ++i) {
        const auto have = set_of(i);
        for (const EntityId id : world.rows(i).ids())
            if (alive.contains(id) && !have.contains(id)) return true;
    }
    return false;
}

std::string decode_world(std::span<const std::byte> bytes, Tick newest, World& world) {
    std::vector<std::uint64_t> aligned((bytes.size() + 7) / 8);
    if (!bytes.empty()) std::memcpy(aligned.data(), bytes.data(), bytes.size());
    const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
    flatbuffers::Verifier verifier(data, bytes.size(), 16, frame_tables_max);
    if (!verifier.VerifyBuffer<wire::StateFrame>("TRF1")) return "is no state frame";
    const auto& frame = *flatbuffers::GetRoot<wire::StateFrame>(data);
    if (frame.head()->tick() != newest || frame.head()->span() != 0) return "is not a frame from base 0 to the newest tick";
    if (Error wrong = read_columns(frame, world, before_history, ColumnReader::As::first); !wrong.empty()) return wrong;
    if (!PLANTED(stamps_kept)) world.forget_history(newest);
    return "";
}

}  // namespace tickrelay
