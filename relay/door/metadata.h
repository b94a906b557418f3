// JSON that clients give: options at a join, a room's metadata, and what a listing asks for. Pure.
#pragma once

#include <string_view>

namespace tickrelay {

[[nodiscard]] bool is_json_object(std::string_view text);

// Whether each member of `wanted` is in `metadata` with an equal value. Empty `wanted` matches all; no object matches none.
[[nodiscard]] bool metadata_matches(std::string_view metadata, std::string_view wanted);

}  // namespace tickrelay
