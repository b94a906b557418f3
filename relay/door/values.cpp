#include "relay/door/values.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "relay/core/limits.h"
#include "relay/door/base64.h"
#include "relay/door/json.h"
#include "relay/door/nearest.h"

namespace tickrelay {

namespace {

using nlohmann::json;
using Leaves = std::vector<std::pair<std::string, const json*>>;
static_assert(std::endian::native == std::endian::little, "values go to the wire as they lie in memory");

// {"pos": {"x": 1}, "v": [2, 3]} as "pos.x", "v[0]", "v[1]".
void flatten(const json& value, const std::string& name, Leaves& leaves) {
    if (value.is_object()) {
        for (const auto& [key, inner] : value.items()) flatten(inner, name.empty() ? key : name + "." + key, leaves);
    } else if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i) flatten(value[i], name + "[" + std::to_string(i) + "]", leaves);
    } else {
        leaves.emplace_back(name, &value);
    }
}

template <typename Number>
std::string range_of() {
    return "must be a whole number from " + std::to_string(std::numeric_limits<Number>::min()) + " to " +
           std::to_string(std::numeric_limits<Number>::max());
}

template <typename Number>
std::string put_whole(const json& value, std::byte* out) {
    Number number{};
    if (value.is_number_unsigned()) {
        const auto wide = value.get<std::uint64_t>();
        if (wide > static_cast<std::uint64_t>(std::numeric_limits<Number>::max())) return range_of<Number>();
        number = static_cast<Number>(wide);
    } else if (value.is_number_integer()) {
        const auto wide = value.get<std::int64_t>();
        if (!std::in_range<Number>(wide)) return range_of<Number>();
        number = static_cast<Number>(wide);
    } else {
        return range_of<Number>();
    }
    std::memcpy(out, &number, sizeof number);
    return {};
}

template <typename Number>
std::string put_float(const json& value, std::byte* out) {
    if (!value.is_number()) return "must be a number";
    const auto number = static_cast<Number>(value.get<double>());
    if (!std::isfinite(number)) return "must be a finite number";
    std::memcpy(out, &number, sizeof number);
    return {};
}

// An error, or nothing and the value's bytes at `out`.
std::string put(FieldType type, const json& value, std::byte* out) {
    switch (type) {
        case FieldType::Bool:
            if (!value.is_boolean()) return "must be true or false";
            *out = static_cast<std::byte>(value.get<bool>());
            return {};
        case FieldType::Int8: return put_whole<std::int8_t>(value, out);
        case FieldType::UInt8: return put_whole<std::uint8_t>(value, out);
        case FieldType::Int16: return put_whole<std::int16_t>(value, out);
        case FieldType::UInt16: return put_whole<std::uint16_t>(value, out);
        case FieldType::Int32: return put_whole<std::int32_t>(value, out);
        case FieldType::UInt32: return put_whole<std::uint32_t>(value, out);
        case FieldType::Int64: return put_whole<std::int64_t>(value, out);
        case FieldType::UInt64: return put_whole<std::uint64_t>(value, out);
        case FieldType::Float32: return put_float<float>(value, out);
        case FieldType::Float64: return put_float<double>(value, out);
    }
    return "has a type that is unknown";
}

template <typename Number>
json whole(const std::byte* bytes) {
    Number number{};
    std::memcpy(&number, bytes, sizeof number);
    return number;
}

// The shortest decimal that gives the same float32: 0.1, not 0.10000000149011612.
json short_float(const std::byte* bytes) {
    float number = 0;
    std::memcpy(&number, bytes, sizeof number);
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, number).ptr;
    double shortest = 0;
    std::from_chars(text, end, shortest);
    return shortest;
}

json read(FieldType type, const std::byte* bytes) {
    switch (type) {
        case FieldType::Bool: return *bytes != std::byte{0};
        case FieldType::Int8: return whole<std::int8_t>(bytes);
        case FieldType::UInt8: return whole<std::uint8_t>(bytes);
        case FieldType::Int16: return whole<std::int16_t>(bytes);
        case FieldType::UInt16: return whole<std::uint16_t>(bytes);
        case FieldType::Int32: return whole<std::int32_t>(bytes);
        case FieldType::UInt32: return whole<std::uint32_t>(bytes);
        case FieldType::Int64: return whole<std::int64_t>(bytes);
        case FieldType::UInt64: return whole<std::uint64_t>(bytes);
        case FieldType::Float32: return short_float(bytes);
        case FieldType::Float64: return whole<double>(bytes);
    }
    return nullptr;
}

// The place of "pos.v[1]" in a tree of objects and arrays.
json& place(json& root, std::string_view name) {
    json* at = &root;
    while (!name.empty()) {
        const auto end = std::min(name.find_first_of(".[", 1), name.size());
        std::string_view step = name.substr(0, end);
        if (step.starts_with('[')) {
            std::size_t index = 0;
            std::from_chars(step.data() + 1, step.data() + step.size(), index);
            at = &(*at)[index];
        } else {
            if (step.starts_with('.')) step.remove_prefix(1);
            at = &(*at)[std::string(step)];
        }
        name.remove_prefix(end);
    }
    return *at;
}

std::string text_of(const flatbuffers::String* text) { return text == nullptr ? std::string{} : text->str(); }

template <typename Table>
const Table* verified(std::span<const std::byte> bytes) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    flatbuffers::Verifier verifier(data, bytes.size());
    return verifier.VerifyBuffer<Table>(nullptr) ? flatbuffers::GetRoot<Table>(data) : nullptr;
}

json opaque_to_json(ComponentIndex index, std::span<const std::byte> bytes) {
    if (index == player_component) {
        if (const auto* player = verified<wire::Player>(bytes)) {
            json value{{"number", player->number()},
                       {"id", text_of(player->id())},
                       {"role", wire::EnumNameRole(player->role())},
                       {"connected", player->connected()},
                       {"options", json_of(text_of(player->options()))}};
            if (player->entity() != 0) value["entity"] = player->entity();
            return value;
        }
    }
    if (index == room_component) {
        if (const auto* room = verified<wire::Room>(bytes)) {
            return {{"id", text_of(room->id())},
                    {"type", text_of(room->type())},
                    {"metadata", json_of(text_of(room->metadata()))},
                    {"locked", room->locked()}};
        }
    }
    return {{"base64", encode_base64(bytes)}};
}

std::variant<PackedFields, std::string> pack_opaque(const json& value) {
    const auto text = value.find("base64");
    if (value.size() != 1 || text == value.end() || !text->is_string()) {
        return R"(an opaque component is written as {"base64": "…"})";
    }
    const auto bytes = decode_base64(text->get_ref<const std::string&>());
    if (!bytes) return "base64 is not base64";
    if (bytes->size() > limits::opaque_bytes_max)
        return "base64 is over " + std::to_string(limits::opaque_bytes_max) + " bytes";
    const auto data = bytes_of(*bytes);
    return PackedFields{0, {data.begin(), data.end()}};
}

std::string unknown_field(const Component& component, const std::string& name) {
    std::vector<std::string_view> known;
    for (const auto& field : component.fields) known.emplace_back(field.name);
    const std::string near = nearest(name, known);
    return component.name + " has no field " + name + (near.empty() ? "" : ", the nearest is " + near);
}

}  // namespace

std::variant<ComponentIndex, std::string> find_component(const Layout& layout, std::string_view name) {
    if (const auto found = layout.find(name)) return *found;
    std::vector<std::string_view> known;
    std::size_t matches = 0;
    ComponentIndex match = 0;
    for (std::size_t i = 0; i < layout.components().size(); ++i) {
        const std::string_view full = layout.components()[i].name;
        known.push_back(full);
        const auto dot = full.rfind('.');
        if (dot != std::string_view::npos) known.push_back(full.substr(dot + 1));
        if (known.back() == name) {
            ++matches;
            match = static_cast<ComponentIndex>(i);
        }
    }
    if (matches == 1) return match;
    if (matches > 1) return "more than one component is called " + std::string(name) + ": give the qualified name";
    const std::string near = nearest(name, known);
    return "the schema has no component " + std::string(name) + (near.empty() ? "" : ", the nearest is " + near);
}

std::variant<PackedFields, std::string> pack_fields(const Component& component, const json& value) {
    if (!value.is_object()) return "fields must be an object";
    if (component.opaque()) return pack_opaque(value);
    Leaves leaves;
    flatten(value, "", leaves);
    if (leaves.empty()) return "fields names no field";
    std::array<std::array<std::byte, 8>, limits::fields_max> values{};
    PackedFields packed;
    for (const auto& [name, leaf] : leaves) {
        std::size_t index = 0;
        while (index < component.fields.size() && component.fields[index].name != name) ++index;
        if (index == component.fields.size()) return unknown_field(component, name);
        if (auto error = put(component.fields[index].type, *leaf, values[index].data()); !error.empty()) {
            return name + " " + error;
        }
        packed.mask |= 1ULL << index;
    }
    for (std::size_t i = 0; i < component.fields.size(); ++i) {
        if ((packed.mask >> i & 1) == 0) continue;
        packed.data.insert(packed.data.end(), values[i].begin(), values[i].begin() + component.fields[i].width());
    }
    return packed;
}

json fields_to_json(const Layout& layout, ComponentIndex index, std::span<const std::byte> bytes) {
    const Component& component = layout.component(index);
    if (component.opaque()) return opaque_to_json(index, bytes);
    json object = json::object();
    for (const auto& field : component.fields) {
        if (std::size_t{field.offset} + field.width() <= bytes.size()) {
            place(object, field.name) = read(field.type, bytes.data() + field.offset);
        }
    }
    return object;
}

json state_to_json(const RoomState& state) {
    json entities = json::object();
    for (const auto& entity : state.entities) {
        json components = json::object();
        for (const auto& value : entity.components) {
            components[state.layout->component(value.component).name] =
                fields_to_json(*state.layout, value.component, value.bytes);
        }
        entities[std::to_string(entity.entity)] = std::move(components);
    }
    return {{"tick", state.tick}, {"term", state.term}, {"entities", std::move(entities)}};
}

}  // namespace tickrelay
