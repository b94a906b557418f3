#include "relay/door/metadata.h"

#include <nlohmann/json.hpp>

#include "relay/door/json.h"

namespace tickrelay {

bool is_json_object(std::string_view text) { return parse_json(text).is_object(); }

bool metadata_matches(std::string_view metadata, std::string_view wanted) {
    if (wanted.empty()) return true;
    const nlohmann::json need = parse_json(wanted);
    const nlohmann::json have = parse_json(metadata);
    if (!need.is_object() || !have.is_object()) return false;
    for (const auto& [key, value] : need.items())
        if (!have.contains(key) || have.at(key) != value) return false;
    return true;
}

}  // namespace tickrelay
