// What a room's state is made of: components, their fields, and the fingerprint of it all. Immutable, shared by threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schema/state/field.h"

namespace tickrelay {

using ComponentIndex = std::uint16_t;

// tickrelay's own, before those of the schema.
inline constexpr ComponentIndex owner_component = 0;   // struct wire::Owner, on every entity
inline constexpr ComponentIndex player_component = 1;  // opaque wire::Player, on each seat's entity, or on one beside it
inline constexpr ComponentIndex room_component = 2;    // opaque wire::Room, on entity 0
inline constexpr ComponentIndex first_schema_component = 3;

inline constexpr std::uint8_t priority_max = 100;

struct Component {
    std::string name;         // qualified: "arena.Transform"
    std::uint16_t bytes = 0;  // of the struct; 0: opaque
    bool player = false;
    std::uint8_t priority = 1;  // of an entity that has it, for the bytes of a player with a budget
    std::vector<Field> fields;  // in memory order; empty where opaque
    // Filled in by Layout:
    bool unpadded = false;      // the fields lie one behind the other: a whole value is one copy
    std::uint64_t checked = 0;  // fields whose values quantise() has to look at; the others take any bytes
    std::uint64_t quats = 0;    // the first fields of quaternions: all four are written, or none
    std::vector<std::byte> zero{};  // what an entity has that gets the component: all 0, quantised

    [[nodiscard]] bool opaque() const { return bytes == 0; }
    [[nodiscard]] std::uint64_t all() const { return fields.size() == 64 ? ~0ULL : (1ULL << fields.size()) - 1; }
    [[nodiscard]] std::size_t mask_bytes() const { return (fields.size() + 7) / 8; }
    // Bytes of the masked fields, packed. REQUIRES: mask within all().
    [[nodiscard]] std::size_t packed_bytes(std::uint64_t mask) const;
};

class Layout {
  public:
    // REQUIRES: at most limits::components_max with the own three, sorted by name, distinct names.
    explicit Layout(std::vector<Component> schema_components);

    [[nodiscard]] std::span<const Component> components() const { return components_; }
    [[nodiscard]] const Component& component(ComponentIndex index) const { return components_[index]; }
    [[nodiscard]] std::optional<ComponentIndex> find(std::string_view name) const;
    [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }

  private:
    std::vector<Component> components_;
    std::uint64_t fingerprint_ = 0;
};

using LayoutPointer = std::shared_ptr<const Layout>;

// Reads a FlatBuffers binary schema (.bfbs). Hostile bytes give an error text that names what is wrong and where.
// An empty span gives the layout of a room without state.
std::variant<LayoutPointer, std::string> parse_schema(std::span<const std::byte> bfbs);

}  // namespace tickrelay
