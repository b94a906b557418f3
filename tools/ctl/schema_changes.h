// What differs between two state schemas, in sentences: what clients with the old one may skip, and what breaks them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "relay/core/layout.h"

namespace tickrelay::ctl {

struct SchemaChanges {
    std::vector<std::string> additive;
    std::vector<std::string> breaking;
};

// The components as rooms send them, field by field.
void compare_components(const Layout& before, const Layout& after, SchemaChanges& changes);
// What only programs read: the values of enums, and what is inside opaque components.
// REQUIRES: both were taken by parse_schema.
void compare_types(std::span<const std::byte> before, std::span<const std::byte> after, SchemaChanges& changes);

}  // namespace tickrelay::ctl
