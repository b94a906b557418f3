#include <cstdio>
#include <nlohmann/json.hpp>

#include "relay/core/layout.h"
#include "relay/door/base64.h"
#include "relay/door/json.h"
#include "tools/ctl/show.h"
#include "tools/ctl/verbs.h"

namespace tickrelay::ctl {

using nlohmann::json;

namespace {

struct Changes {
    std::vector<std::string> additive;
    std::vector<std::string> breaking;
};

LayoutPointer read_layout(const std::string& path) {
    const std::string bytes = read_file(path);
    auto parsed = parse_schema(bytes_of(bytes));
    if (const auto* error = std::get_if<std::string>(&parsed)) throw Failure(exit_usage, path + ": " + *error);
    return std::get<LayoutPointer>(parsed);
}

std::string quantisation(const Field& field) {
    const json numbers = {field.precision, field.min, field.max};
    return numbers.dump();
}

// What keeps an old client from reading or writing this field of the new layout, or nothing.
std::string difference(const Field& old_field, const Field& new_field) {
    if (old_field.name != new_field.name) return "is now " + new_field.name;
    if (old_field.type != new_field.type) {
        return std::string("changes its type from ") + wire::EnumNameFieldType(old_field.type) + " to " +
               wire::EnumNameFieldType(new_field.type);
    }
    if (old_field.offset != new_field.offset) return "moves in its struct";
    if (old_field.flags != new_field.flags) return "changes its attributes";
    if (quantisation(old_field) != quantisation(new_field)) return "changes its precision or range";
    return {};
}

void compare(const Component& before, const Component& after, Changes& changes) {
    if (before.opaque() != after.opaque()) {
        changes.breaking.push_back(before.name +
                                   (before.opaque() ? " was a table and is a struct" : " was a struct and is a table"));
        return;
    }
    if (before.player != after.player) {
        changes.breaking.push_back(before.name + (after.player ? " is now" : " is no longer") + " each player's");
    }
    for (std::size_t i = 0; i < before.fields.size(); ++i) {
        const std::string name = before.name + "." + before.fields[i].name;
        if (i >= after.fields.size()) {
            changes.breaking.push_back(name + " is gone");
        } else if (const auto what = difference(before.fields[i], after.fields[i]); !what.empty()) {
            changes.breaking.push_back(name + " " + what +
                                       (what.starts_with("is now") ? ": fields may only be added at the end" : ""));
        }
    }
    for (std::size_t i = before.fields.size(); i < after.fields.size(); ++i) {
        changes.additive.push_back(after.name + "." + after.fields[i].name + " is new, at the end");
    }
}

Changes compare(const Layout& before, const Layout& after) {
    Changes changes;
    for (const auto& component : before.components()) {
        if (const auto found = after.find(component.name)) {
            compare(component, after.component(*found), changes);
        } else {
            changes.breaking.push_back(component.name + " is gone");
        }
    }
    for (const auto& component : after.components()) {
        if (!before.find(component.name)) changes.additive.push_back(component.name + " is new");
    }
    return changes;
}

}  // namespace

int check_schema(const Common& common, const std::string& old_path, const std::string& new_path) {
    const auto before = read_layout(old_path);
    const auto after = read_layout(new_path);
    const Changes changes = compare(*before, *after);
    const bool compatible = changes.breaking.empty();
    std::string text;
    if (common.json) {
        text = dump_line({{"compatible", compatible},
                          {"same", before->fingerprint() == after->fingerprint()},
                          {"additive", changes.additive},
                          {"breaking", changes.breaking}}) +
               "\n";
    } else {
        for (const auto& change : changes.additive) text += "additive  " + printable(change) + "\n";
        for (const auto& change : changes.breaking) text += "BREAKING  " + printable(change) + "\n";
        text += !compatible ? "clients with the old schema cannot join: give them the new one first\n"
                : before->fingerprint() == after->fingerprint()
                    ? "the same layout\n"
                    : "additive: clients with the old schema join and skip what they do not know\n";
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    return compatible ? exit_clean : exit_refused;
}

}  // namespace tickrelay::ctl
