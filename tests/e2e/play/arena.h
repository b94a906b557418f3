// Rooms of the example schema `arena` as tests make them, and where something stands in them.
#pragma once

#include <string>

#include "schema/arena_generated.h"

namespace tickrelay::test {

inline arena::Transform placed(float x, float z = 0) { return {arena::Vec3(x, 0, z), 0}; }

// A room type at 30 Hz; more: its further lines.
inline std::string arena_type(const std::string& name, const std::string& more = "") {
    return "\n[type." + name + "]\nschema = \"arena.bfbs\"\ntick_rate = 30\n" + more;
}
// In both codecs: NAME and NAME-plain.
inline std::string arena_types(const std::string& name, const std::string& more) {
    return arena_type(name, more) + arena_type(name + "-plain", more + "codec = \"plain\"\n");
}
inline std::string both_codecs() { return arena_type("packed") + arena_type("plain", "codec = \"plain\"\n"); }

}  // namespace tickrelay::test
