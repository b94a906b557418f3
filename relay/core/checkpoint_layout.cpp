#include "relay/core/checkpoint_layout.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "relay/core/attributes.h"
#include "relay/core/limits.h"
#include "schema/state/quat.h"

namespace tickrelay {

namespace {

constexpr std::size_t schema_name_bytes_max = 128;  // as a schema's

using Error = std::string;  // empty where all is well

bool is_name(const flatbuffers::String* name) {
    const auto printable = [](char c) { return c > ' ' && c < 0x7F; };
    return name != nullptr && name->size() != 0 && name->size() <= schema_name_bytes_max && std::ranges::all_of(*name, printable);
}

bool same(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

// The attributes that the schema must have had: what they make of the field has to be what is stored.
Error read_field(const wire::Field& from, Field& field) {
    if (!is_name(from.name())) return "a field's name is none";
    field.name = from.name()->str();
    if (static_cast<std::uint8_t>(from.type()) > static_cast<std::uint8_t>(FieldType::Float64)) return field.name + " has no known type";
    field.type = from.type();
    field.offset = from.offset();
    if (!std::isfinite(from.precision()) || !std::isfinite(from.min()) || !std::isfinite(from.max()))
        return field.name + " has a number that is none";
    const auto has = [&from](FieldFlags flag) { return (static_cast<FieldFlags>(from.flags()) & flag) != FieldFlags{}; };
    Attributes attributes;
    attributes.angle = has(FieldFlags::Angle);
    attributes.quat = has(FieldFlags::Quat);
    attributes.position = has(FieldFlags::Position);
    if (has(FieldFlags::Quantised)) attributes.precision = from.precision();
    if (has(FieldFlags::Ranged)) {
        // An integer's bound that no schema could name is the type's own.
        const auto named = [&](double bound) { return is_float(field.type) || std::abs(bound) <= whole_numbers_max; };
        if (named(from.min())) attributes.min = from.min();
        if (named(from.max())) attributes.max = from.max();
    }
    if (const Error wrong = attributes.apply_to(field); !wrong.empty()) return field.name + ": " + wrong;
    const bool agrees = field.flags == static_cast<FieldFlags>(from.flags()) && same(field.precision, from.precision()) && same(field.min, from.min()) &&
                        same(field.max, from.max());
    return agrees ? Error() : field.name + " has attributes that no schema gives";
}

Error check_groups(const Component& component) {
    const auto places = std::ranges::count_if(component.fields, [](const Field& field) { return field.has(FieldFlags::Position); });
    if (!quats_are_whole(component.fields)) return "quat is not on four floats of one precision";
    return places > 3 ? "position is on more than three fields" : "";
}

Error read_component(const wire::Component& from, Component& component) {
    if (!is_name(from.name())) return "a component's name is none";
    component.name = from.name()->str();
    component.bytes = from.bytes();
    component.player = from.player();
    if (from.priority() < 1 || from.priority() > priority_max) return component.name + " has a priority out of range";
    component.priority = from.priority();
    if (component.bytes > limits::component_bytes_max) return component.name + " has more than 1024 bytes";
    std::size_t end = 0;
    for (flatbuffers::uoffset_t i = 0; from.fields() != nullptr && i < from.fields()->size(); ++i) {
        if (i == limits::fields_max) return component.name + " has more than 64 fields";
        Field& field = component.fields.emplace_back();
        if (const Error wrong = read_field(*from.fields()->Get(i), field); !wrong.empty()) return component.name + ": " + wrong;
        if (field.offset < end || field.offset + field.width() > component.bytes)
            return component.name + ": " + field.name + " lies outside its struct, or over another field";
        end = std::size_t{field.offset} + field.width();
    }
    if (component.opaque() != component.fields.empty()) return component.name + " has bytes without fields, or fields without bytes";
    const Error wrong = check_groups(component);
    return wrong.empty() ? wrong : component.name + ": " + wrong;
}

}  // namespace

std::variant<LayoutPointer, std::string> decode_layout(const wire::Layout& stored) {
    const auto* all = stored.components();
    if (all == nullptr || all->size() < first_schema_component || all->size() > limits::components_max)
        return "has too few or too many components";
    std::vector<Component> components;
    for (flatbuffers::uoffset_t i = first_schema_component; i < all->size(); ++i) {
        Component& component = components.emplace_back();
        if (Error wrong = read_component(*all->Get(i), component); !wrong.empty()) return wrong;
        if (components.size() > 1 && components[components.size() - 2].name >= component.name) return component.name + " is out of order";
        if (component.name.starts_with("tickrelay.")) return component.name + " is a name of the relay's own";
    }
    auto layout = std::make_shared<const Layout>(std::move(components));
    if (layout->fingerprint() != stored.fingerprint()) return "has another fingerprint than its fields give";
    return layout;
}

}  // namespace tickrelay
