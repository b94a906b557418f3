#include <nlohmann/json.hpp>

#include "tools/ctl/schema_changes.h"

namespace tickrelay::ctl {

namespace {

std::string json_text(double number) { return nlohmann::json(number).dump(); }

std::string range_text(const Field& field) {
    return field.has(FieldFlags::Ranged) ? '[' + json_text(field.min) + ", " + json_text(field.max) + ']' : "none";
}

std::string precision_text(const Field& field) {
    return field.has(FieldFlags::Quantised) ? json_text(field.precision) : "none";
}

// What keeps an old client from reading or writing this field of the new layout, or nothing.
std::string difference(const Field& before, const Field& after) {
    if (before.name != after.name) return "is now " + after.name + ": fields may only be added at the end";
    if (before.type != after.type) {
        return std::string("changes its type from ") + wire::EnumNameFieldType(before.type) + " to " + wire::EnumNameFieldType(after.type);
    }
    if (before.offset != after.offset) return "moves in its struct";
    for (const auto& [flag, what] : {std::pair{FieldFlags::Quat, "part of a quat"}, std::pair{FieldFlags::Angle, "an angle"}}) {
        if (before.has(flag) != after.has(flag)) return std::string(after.has(flag) ? "is now " : "is no longer ") + what;
    }
    if (precision_text(before) != precision_text(after))
        return "changes its precision from " + precision_text(before) + " to " + precision_text(after);
    if (range_text(before) != range_text(after)) return "changes its range from " + range_text(before) + " to " + range_text(after);
    return {};
}

void compare_field(const std::string& name, const Field& before, const Field& after, SchemaChanges& changes) {
    if (const std::string what = difference(before, after); !what.empty()) {
        changes.breaking.push_back(name + " " + what);
    } else if (before.has(FieldFlags::Position) != after.has(FieldFlags::Position)) {
        changes.additive.push_back(name + (after.has(FieldFlags::Position) ? " is now" : " is no longer") + " a position: only views look at it");
    }
}

// An older program's struct ends where it ended, padding included: it writes zeros there.
void add_field(const Component& before, const Component& after, const Field& field, SchemaChanges& changes) {
    const std::string name = after.name + "." + field.name;
    if (field.offset >= before.bytes) {
        changes.additive.push_back(name + " is new, at the end");
    } else {
        changes.breaking.push_back(name + " is new in what was padding: programs with the old schema would write over it. Put it behind byte " +
                                   std::to_string(before.bytes));
    }
}

void compare_component(const Component& before, const Component& after, SchemaChanges& changes) {
    if (before.opaque() != after.opaque()) {
        changes.breaking.push_back(before.name + (before.opaque() ? " was a table and is a struct" : " was a struct and is a table"));
        return;
    }
    if (before.player != after.player) {
        changes.breaking.push_back(before.name + (after.player ? " is now" : " is no longer") + " each player's");
    }
    for (std::size_t i = 0; i < before.fields.size(); ++i) {
        const std::string name = before.name + "." + before.fields[i].name;
        if (i >= after.fields.size()) {
            changes.breaking.push_back(name + " is gone");
        } else {
            compare_field(name, before.fields[i], after.fields[i], changes);
        }
    }
    for (std::size_t i = before.fields.size(); i < after.fields.size(); ++i) add_field(before, after, after.fields[i], changes);
}

}  // namespace

void compare_components(const Layout& before, const Layout& after, SchemaChanges& changes) {
    for (const auto& component : before.components()) {
        if (const auto found = after.find(component.name)) {
            compare_component(component, after.component(*found), changes);
        } else {
            changes.breaking.push_back(component.name + " is gone");
        }
    }
    for (const auto& component : after.components()) {
        if (!before.find(component.name)) changes.additive.push_back(component.name + " is new");
    }
}

}  // namespace tickrelay::ctl
