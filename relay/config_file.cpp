#include "relay/config_file.h"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#define TOML_ASSERT(expression) static_cast<void>(0) // it asserts over what files say ("[[["), and then answers with an error
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "relay/core/limits.h"
#include "relay/door/nearest.h"

namespace tickrelay {

namespace {

std::optional<std::string> file_text(const std::filesystem::path& path, std::uintmax_t bytes_max) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(path, error);
    if (error || bytes > bytes_max) return std::nullopt;
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return file ? std::optional(text.str()) : std::nullopt;
}

ConfigValue value_of(const toml::node& node, Shape shape) {
    if (const auto* flag = node.as_boolean()) return flag->get();
    if (const auto* number = node.as_integer()) return number->get();
    if (const auto* number = node.as_floating_point()) return number->get();
    if (const auto* text = node.as_string()) {
        if (shape == Shape::list) return std::vector<std::string>{text->get()};
        return text->get();
    }
    std::vector<std::string> list;
    if (const auto* array = node.as_array()) {
        for (const auto& each : *array) {
            if (!each.is_string()) return false;
            list.push_back(each.as_string()->get());
        }
        return list;
    }
    return false;  // which no key takes: set() explains
}

class FileReader {
  public:
    FileReader(const std::string& path, Options& options, RoomTypes& types, std::vector<const ConfigKey*>& set,
               ConfigErrors& errors)
        : path_(path), options_(options), types_(types), set_(set), errors_(errors) {}

    void read(const toml::table& root) {
        for (const auto& [key, node] : root) {
            const std::string name(key.str());
            if (const auto* known = find_config_key("", name)) {
                take(*known, node);
            } else if (name == "type" && node.is_table()) {
                read_types(*node.as_table());
            } else if (node.is_table() && is_section(name)) {
                read_section(name, *node.as_table());
            } else {
                unknown(key, name, known_in(""));
            }
        }
    }

  private:
    static bool is_section(const std::string& name) {
        return std::any_of(config_keys().begin(), config_keys().end(),
                           [&](const auto& key) { return key.section == name; });
    }

    static std::vector<std::string> known_in(std::string_view section) {
        std::vector<std::string> names;
        for (const auto& key : config_keys()) {
            if (key.section == section) names.emplace_back(key.name);
            if (section.empty() && !key.section.empty()) names.emplace_back(key.section);
        }
        if (section.empty()) names.emplace_back("type");
        return names;
    }

    void read_section(const std::string& section, const toml::table& table) {
        for (const auto& [key, node] : table) {
            const std::string name(key.str());
            if (const auto* known = find_config_key(section, name)) {
                take(*known, node);
            } else {
                unknown(key, section + "." + name, known_in(section));
            }
        }
    }

    void take(const ConfigKey& key, const toml::node& node) {
        set_.push_back(&key);
        if (auto error = key.set(options_, value_of(node, key.shape))) say(node.source(), key.path() + " " + *error);
    }

    void read_types(const toml::table& table) {
        for (const auto& [key, node] : table) {
            const std::string name(key.str());
            if (!node.is_table() || !valid_name(name)) {
                say(key.source(), "type." + name + " must be a section [type.NAME] with a name of 1 to 64 bytes");
                continue;
            }
            RoomType& type = types_[name];  // a built-in one is changed, another starts from the defaults
            type.settings.type = name;
            for (const auto& [inner, value] : *node.as_table()) read_type_key(type, name, inner, value);
            if (auto error = settle(type.settings, type.given)) say(node.source(), "type." + name + ": " + *error);
        }
    }

    void read_type_key(RoomType& type, const std::string& type_name, const toml::key& key, const toml::node& node) {
        const std::string name(key.str());
        const std::string where = "type." + type_name + "." + name;
        if (name == "create") {
            const auto* who = node.as_string();
            const bool clients = who != nullptr && who->get() == "clients";
            if (!clients && (who == nullptr || who->get() != "operators")) {
                return say(node.source(), where + R"( must be "clients" or "operators")");
            }
            type.settings.client_creatable = clients;
            return;
        }
        const auto index = find_room_key(name);
        if (!index || !room_keys()[*index].in_types) {
            std::vector<std::string> known = {"create"};
            for (const auto& each : room_keys()) {
                if (each.in_types) known.emplace_back(each.name);
            }
            return unknown(key, where, known);
        }
        auto value = room_value(type, name, node);
        if (!value) return;
        if (auto error = room_keys()[*index].set(type.settings, *value))
            return say(node.source(), where + " " + *error);
        type.given.set(*index);
    }

    // As room keys take it: a schema's path becomes its bytes, metadata as a table becomes JSON.
    std::optional<KeyValue> room_value(RoomType& type, const std::string& name, const toml::node& node) {
        if (name == "schema" && node.is_string()) {
            // Relative to the configuration: it moves together with its schemas.
            const auto file = std::filesystem::absolute(path_).parent_path() / node.as_string()->get();
            auto bytes = file_text(file, limits::schema_bytes_max);
            if (!bytes) {
                say(node.source(),
                    "cannot read the schema " + file.lexically_normal().string() + " (a .bfbs of up to 256 KiB)");
                return std::nullopt;
            }
            type.schema_path = file.lexically_normal().string();
            return KeyValue(std::move(*bytes));
        }
        if (name == "metadata" && node.is_table()) {
            std::ostringstream text;
            text << toml::json_formatter(*node.as_table());
            return KeyValue(text.str());
        }
        auto value = value_of(node, Shape::text);
        if (auto* flag = std::get_if<bool>(&value)) return KeyValue(*flag);
        if (auto* number = std::get_if<std::int64_t>(&value)) return KeyValue(*number);
        if (auto* number = std::get_if<double>(&value)) return KeyValue(*number);
        if (auto* text = std::get_if<std::string>(&value)) return KeyValue(std::move(*text));
        return KeyValue(false);
    }

    void unknown(const toml::key& key, const std::string& path, const std::vector<std::string>& known) {
        const std::string near = nearest(key.str(), known);
        say(key.source(), "unknown key " + path + (near.empty() ? "" : ", the nearest is " + near));
    }

    void say(const toml::source_region& source, const std::string& what) {
        errors_.push_back(path_ + ":" + std::to_string(source.begin.line) + ": " + what);
    }

    const std::string& path_;
    Options& options_;
    RoomTypes& types_;
    std::vector<const ConfigKey*>& set_;
    ConfigErrors& errors_;
};

}  // namespace

void read_config_file(const std::string& path, Options& options, RoomTypes& types, std::vector<const ConfigKey*>& set,
                      ConfigErrors& errors) {
    const auto text = file_text(path, 4 * 1024 * 1024);
    if (!text) {
        errors.push_back("cannot read the configuration " + path + ": it is missing, unreadable or over 4 MiB");
        return;
    }
    const auto parsed = toml::parse(*text);
    if (!parsed) {
        errors.push_back(path + ":" + std::to_string(parsed.error().source().begin.line) + ": " +
                         std::string(parsed.error().description()));
        return;
    }
    FileReader(path, options, types, set, errors).read(parsed.table());
    std::sort(errors.begin(), errors.end());
}

}  // namespace tickrelay
