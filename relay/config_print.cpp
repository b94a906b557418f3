#include "relay/config.h"

namespace tickrelay {

namespace {

void note(std::string& out, std::string_view unit, std::string_view values, const std::string& preset) {
    out.append("#   ").append(values);
    if (!unit.empty()) out.append(" ").append(unit);
    if (!preset.empty()) out.append("; default ").append(preset);
}

void print_key(std::string& out, const ConfigKey& key, const Options& options) {
    const std::string preset = key.get(Options{});
    const std::string value = key.get(options);
    out.append("\n# ").append(key.doc).append("\n");
    note(out, key.unit, key.values, preset);
    out.append("; ").append(key.environment());
    if (key.flag) out.append(", ").append(key.flag_name());
    if (key.reload) out.append("; reloaded on SIGHUP");
    out.append("\n");
    // No value, no default: written as a comment, so that the file still says that one is missing.
    out.append(value.empty() ? "# " : "")
        .append(key.name)
        .append(" = ")
        .append(value.empty() ? "\"\"" : value)
        .append("\n");
}

void print_type(std::string& out, const std::string& name, const RoomType& type) {
    bool bare = true;
    for (const char c : name)
        bare = bare &&
               ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-');
    std::string quoted = "\"";
    for (const char c : name) quoted.append(c == '"' || c == '\\' ? "\\" : "").push_back(c);
    out.append("\n[type.").append(bare ? name : quoted + "\"").append("]\n");
    for (const auto& key : room_keys()) {
        if (!key.in_types) continue;
        if (key.name == "schema") {
            if (!type.schema_path.empty()) out.append("schema = '").append(type.schema_path).append("'\n");
            continue;
        }
        out.append(key.name).append(" = ").append(key.get(type.settings)).append("\n");
    }
    out.append("create = ").append(type.settings.client_creatable ? "\"clients\"" : "\"operators\"").append("\n");
}

}  // namespace

std::string print_config(const Config& config) {
    std::string out = "# tickrelay " + std::string(version()) +
                      ": the effective configuration. Flags > environment > this file > defaults.\n";
    if (config.options.dev) out += "# --dev is set: listens on loopback, anyone may join and make rooms.\n";
    std::string_view section;
    for (const auto& key : config_keys()) {
        if (key.section != section) {
            section = key.section;
            out.append("\n[").append(section).append("]\n");
        }
        print_key(out, key, config.options);
    }
    out +=
        "\n# Room types: [type.NAME], joined or created by NAME. Built in are relay, chat and demo; a section of that "
        "name\n"
        "# changes one. A spawn's own keys override its type's.\n#\n";
    const RoomSettings presets;
    for (const auto& key : room_keys()) {
        if (!key.in_types) continue;
        out.append("# ").append(key.name).append(": ").append(key.doc).append("\n");
        const bool has_preset = key.name != "schema";
        note(out, key.unit, key.name == "schema" ? "path of a .bfbs, relative to this file" : key.values,
             has_preset ? key.get(presets) : "");
        out += "\n";
    }
    out += "# create: Who makes rooms of this type besides operators.\n#   clients, operators; default \"operators\"\n";
    for (const auto& [name, type] : *config.types) print_type(out, name, type);
    return out;
}

}  // namespace tickrelay
