#include "relay/door/metadata.h"

#include <nlohmann/json.hpp>

#include "relay/door/json.h"

namespace tickrelay {

struct ReadMetadata {
    nlohmann::json value;
};

bool is_json_object(std::string_view text) { return parse_json(text).is_object(); }

std::shared_ptr<const ReadMetadata> read_metadata(std::string_view text) {
    return std::make_shared<const ReadMetadata>(ReadMetadata{parse_json(text)});
}

bool MetadataFilter::matches(const ReadMetadata& metadata) const {
    const nlohmann::json& need = wanted_->value;
    const nlohmann::json& have = metadata.value;
    if (!need.is_object() || !have.is_object()) return false;
    for (const auto& [key, value] : need.items()) {
        const auto member = have.find(key);
        if (member == have.end() || *member != value) return false;
    }
    return true;
}

}  // namespace tickrelay
