// The door's answers as JSON: one spelling for the admin socket and for /api. Pure; for .cpp files of the door only.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "relay/door/controls.h"
#include "relay/door/rooms.h"

namespace tickrelay {

nlohmann::json to_json(const RelayInfo& info);
nlohmann::json to_json(const RoomEntry& room);
nlohmann::json to_json(const RoomPage& page);
nlohmann::json to_json(const RoomSettings& settings);
nlohmann::json to_json(const PlayerInfo& player);
nlohmann::json to_json(const RoomInfo& room);
// {"tick", "total", "kinds": [{"component", "axes": ["pos.x", …]}], "places": [[kind, entity, owner, x, y, z], …]}: as many
// numbers as the kind has axes.
nlohmann::json to_json(const RoomPlaces& places);

inline constexpr int json_depth_max = 64;  // the library's own functions recurse

// Discarded (is_discarded()) where `text` is no JSON or nests deeper.
nlohmann::json parse_json(std::string_view text);

// JSON text of `text`, or `text` as a string where it is none.
nlohmann::json json_of(const std::string& text);

// One line. Bytes that are not UTF-8 are replaced, never thrown over.
std::string dump_line(const nlohmann::json& value);

}  // namespace tickrelay
