// Every key of the configuration, declared once: flags, environment names, the file, --print-config and the nearest
// key of a misspelt one come from this table. Keys of [type.NAME] are door/room_keys.h. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "relay/options.h"

namespace tickrelay {

using ConfigValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;
enum class Shape : std::uint8_t { text, whole, number, list, flag };

struct ConfigKey {
    std::string_view section;  // empty: above all sections
    std::string_view name;
    Shape shape = Shape::text;
    std::string_view unit;    // "" where there is none
    std::string_view values;  // what it may be, for people
    std::string_view doc;
    bool flag = false;    // also --name, with dashes
    bool reload = false;  // taken on SIGHUP
    // An error text without the key's name, or nothing.
    std::optional<std::string> (*set)(Options&, const ConfigValue&) = nullptr;
    std::string (*get)(const Options&) = nullptr;  // as TOML spells it; empty: no value
    void (*copy)(Options& to, const Options& from) = nullptr;

    [[nodiscard]] std::string path() const;         // "section.name"
    [[nodiscard]] std::string environment() const;  // "TICKRELAY_SECTION_NAME"
    [[nodiscard]] std::string flag_name() const;    // "--ops-listen"
};

std::span<const ConfigKey> config_keys();
const ConfigKey* find_config_key(std::string_view section, std::string_view name);

// A flag's or variable's text as the key's shape; what does not fit stays text, so that set() explains.
ConfigValue value_of_text(const ConfigKey& key, std::string_view text);

}  // namespace tickrelay
