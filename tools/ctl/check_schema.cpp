#include <cstdio>
#include <nlohmann/json.hpp>

#include "relay/core/layout.h"
#include "relay/door/base64.h"
#include "relay/door/json.h"
#include "tools/ctl/schema_changes.h"
#include "tools/ctl/show.h"
#include "tools/ctl/verbs.h"

namespace tickrelay::ctl {

namespace {

LayoutPointer read_layout(const std::string& path, const std::string& bytes) {
    if (bytes.empty()) throw Failure(exit_usage, path + ": an empty file");
    auto parsed = parse_schema(bytes_of(bytes));
    if (const auto* error = std::get_if<std::string>(&parsed)) throw Failure(exit_usage, path + ": " + *error);
    return std::get<LayoutPointer>(parsed);
}

std::string as_text(const SchemaChanges& changes) {
    std::string text;
    for (const auto& change : changes.additive) text += "additive  " + printable(change) + "\n";
    for (const auto& change : changes.breaking) text += "BREAKING  " + printable(change) + "\n";
    return text + (!changes.breaking.empty() ? "clients with the old schema cannot join: give them the new one first\n"
                   : changes.additive.empty() ? "the same layout\n"
                                              : "additive: clients with the old schema join and skip what they do not know\n");
}

}  // namespace

int check_schema(const Common& common, const std::string& old_path, const std::string& new_path) {
    const std::string old_bytes = read_file(old_path), new_bytes = read_file(new_path);
    const auto before = read_layout(old_path, old_bytes), after = read_layout(new_path, new_bytes);
    SchemaChanges changes;
    compare_components(*before, *after, changes);
    compare_types(bytes_of(old_bytes), bytes_of(new_bytes), changes);
    const bool compatible = changes.breaking.empty();
    const bool same = before->fingerprint() == after->fingerprint();
    const std::string text = !common.json ? as_text(changes)
                                          : dump_line({{"compatible", compatible},
                                                       {"same", same},
                                                       {"additive", changes.additive},
                                                       {"breaking", changes.breaking}}) +
                                                "\n";
    std::fwrite(text.data(), 1, text.size(), stdout);
    return compatible ? exit_clean : exit_refused;
}

}  // namespace tickrelay::ctl
