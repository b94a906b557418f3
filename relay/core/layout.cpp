#include "relay/core/layout.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "relay/core/check.h"
#include "relay/core/limits.h"
#include "schema/state/quantise.h"

namespace tickrelay {
namespace {

// FNV-1a, 64 bit. Numbers go in little endian, whatever the machine is.
class Fingerprint {
  public:
    void add_byte(std::uint8_t byte) { value_ = (value_ ^ byte) * 0x100000001b3; }
    void add(std::uint16_t number) {
        add_byte(static_cast<std::uint8_t>(number));
        add_byte(static_cast<std::uint8_t>(number >> 8));
    }
    void add(double number) {
        const auto bits = std::bit_cast<std::uint64_t>(number);
        for (unsigned shift = 0; shift < 64; shift += 8) add_byte(static_cast<std::uint8_t>(bits >> shift));
    }
    void add(std::string_view name) {
        for (char c : name) add_byte(static_cast<std::uint8_t>(c));
        add_byte(0);
    }
    [[nodiscard]] std::uint64_t value() const { return value_; }

  private:
    std::uint64_t value_ = 0xcbf29ce484222325;
};

std::uint64_t fingerprint_of(std::span<const Component> components) {
    Fingerprint fingerprint;
    for (const Component& component : components) {
        fingerprint.add(component.name);
        fingerprint.add(component.bytes);
        fingerprint.add_byte(component.player ? 1 : 0);
        for (const Field& field : component.fields) {
            fingerprint.add(field.name);
            fingerprint.add_byte(static_cast<std::uint8_t>(field.type));
            fingerprint.add(field.offset);
            fingerprint.add_byte(static_cast<std::uint8_t>(field.flags));
            fingerprint.add(field.precision);
            fingerprint.add(field.min);
            fingerprint.add(field.max);
        }
    }
    return fingerprint.value();
}

std::vector<Component> own_components() {
    std::vector<Component> own(first_schema_component);
    own[owner_component].name = "tickrelay.Owner";
    own[owner_component].bytes = sizeof(wire::Owner);
    own[owner_component].fields.push_back({.name = "player", .type = FieldType::UInt32});
    own[player_component].name = "tickrelay.Player";
    own[room_component].name = "tickrelay.Room";
    return own;
}

// Any byte will do for an integer without a range; a float may be infinite, a bool neither 0 nor 1.
bool needs_check(const Field& field) {
    switch (field.type) {
        case FieldType::Bool:
        case FieldType::Float32:
        case FieldType::Float64: return true;
        default: return field.has(FieldFlags::Ranged);
    }
}

void complete(Component& component) {
    std::size_t packed = 0;
    for (std::size_t i = 0; i < component.fields.size(); ++i) {
        const Field& field = component.fields[i];
        CHECK(field.offset >= packed && field.offset + field.width() <= component.bytes);
        packed += field.width();
        if (needs_check(field)) component.checked |= 1ULL << i;
    }
    component.unpadded = packed == component.bytes;
    component.quats = quats_of(component.fields);
    component.zero = zero_of(component.fields, component.bytes);
}

}  // namespace

std::size_t Component::packed_bytes(std::uint64_t mask) const {
    if (unpadded && mask == all()) return bytes;
    std::size_t sum = 0;
    for (; mask != 0; mask &= mask - 1) sum += fields[static_cast<std::size_t>(std::countr_zero(mask))].width();
    return sum;
}

Layout::Layout(std::vector<Component> schema_components) : components_(own_components()) {
    CHECK(schema_components.size() + first_schema_component <= limits::components_max);
    std::ranges::move(schema_components, std::back_inserter(components_));
    for (std::size_t i = 0; i < components_.size(); ++i) {
        CHECK(components_[i].fields.size() <= limits::fields_max);
        CHECK(components_[i].opaque() == components_[i].fields.empty());
        CHECK(i <= first_schema_component || components_[i - 1].name < components_[i].name);
        complete(components_[i]);
    }
    fingerprint_ = fingerprint_of(components_);
}

std::optional<ComponentIndex> Layout::find(std::string_view name) const {
    const auto found = std::ranges::find(components_, name, &Component::name);
    if (found == components_.end()) return std::nullopt;
    return static_cast<ComponentIndex>(found - components_.begin());
}

}  // namespace tickrelay
