// State as JSON, named by its schema, and back: nested structs are objects ("pos": {"x": 1}), fixed arrays are arrays,
// opaque components {"base64": "…"}; tickrelay's own Player and Room are read as objects. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "relay/core/layout.h"
#include "relay/door/controls.h"

namespace tickrelay {

struct PackedFields {
    std::uint64_t mask = 0;
    std::vector<std::byte> data;
};

// A component by its qualified name, or by the last part of it where only one has it. An error names the nearest.
std::variant<ComponentIndex, std::string> find_component(const Layout& layout, std::string_view name);

// `fields`: some of the component's. An error says which field, its range, and the nearest name.
// Values are range-checked against their type; clamping and quantising is the room's.
std::variant<PackedFields, std::string> pack_fields(const Component& component, const nlohmann::json& fields);

// `bytes`: the component's struct with its padding, or the opaque value.
nlohmann::json fields_to_json(const Layout& layout, ComponentIndex index, std::span<const std::byte> bytes);

// {"tick", "term", "entities": {"17": {"arena.Transform": {…}, "tickrelay.Owner": {…}}}}
nlohmann::json state_to_json(const RoomState& state);

}  // namespace tickrelay
