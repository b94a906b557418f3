#include "relay/core/checkpoint_world.h"

#include <cstring>

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
    ColumnReader(const wire::Column& column, const Component& component, World& world)
        : column_(column), component_(component), world_(world), values_(bytes_of(column.values())) {}

    Error read() {
        if (column_.ids() == nullptr || column_.ids()->size() == 0 || column_.ids()->size() > entities_max) return "has no ids, or too many";
        if (column_.masks() != nullptr) return "leaves out fields";
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
        const std::size_t width = component_.packed_bytes(component_.all());
        if (values_.size() != width * column_.ids()->size()) return "has too few or too many bytes";
        for (const EntityId id : *column_.ids()) {
            const auto value = take(width);
            if (index() == owner_component) {
                if (world_.has(id)) return "has an entity twice";
                PlayerNumber owner;
                std::memcpy(&owner, value.data(), sizeof owner);
                world_.create(id, owner, before_history);
            } else {
                if (!world_.has(id)) return "has an entity without an owner";
                if (world_.has(id, index())) return "has an entity twice";
                world_.write(id, index(), component_.all(), value, before_history);
            }
        }
        return "";
    }

    Error read_opaque() {
        if (column_.lengths()->size() != column_.ids()->size()) return "has not a length per entity";
        for (flatbuffers::uoffset_t i = 0; i < column_.ids()->size(); ++i) {
            const EntityId id = column_.ids()->Get(i);
            const std::size_t length = column_.lengths()->Get(i);
            if (length > limits::opaque_bytes_max || length > values_.size()) return "has a value that is too long";
            if (!world_.has(id)) return "has an entity without an owner";
            if (world_.has(id, index())) return "has an entity twice";
            world_.replace(id, index(), take(length), before_history);
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
    std::span<const std::byte> values_;
};

}  // namespace

std::string decode_world(std::span<const std::byte> bytes, Tick newest, World& world) {
    std::vector<std::uint64_t> aligned((bytes.size() + 7) / 8);
    if (!bytes.empty()) std::memcpy(aligned.data(), bytes.data(), bytes.size());
    const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
    flatbuffers::Verifier verifier(data, bytes.size(), 16, frame_tables_max);
    if (!verifier.VerifyBuffer<wire::StateFrame>("TRF1")) return "is no state frame";
    const auto& frame = *flatbuffers::GetRoot<wire::StateFrame>(data);
    if (frame.head()->tick() != newest || frame.head()->span() != 0) return "is not a frame from base 0 to the newest tick";
    const std::span<const Component> components = world.layout().components();
    std::size_t next = 0;
    for (flatbuffers::uoffset_t i = 0; frame.columns() != nullptr && i < frame.columns()->size(); ++i) {
        const wire::Column& column = *frame.columns()->Get(i);
        if (column.component() < next || column.component() >= components.size()) return "has components that are unknown or out of order";
        next = column.component() + std::size_t{1};
        const Component& component = components[column.component()];
        if (const Error wrong = ColumnReader(column, component, world).read(); !wrong.empty()) return component.name + " " + wrong;
    }
    if (!world.has(0)) return "has no entity 0";
    if (!PLANTED(stamps_kept)) world.forget_history(newest);
    return "";
}

}  // namespace tickrelay
