// Methods that a fleet answers as one, on whichever node they are asked: each node does its part, and the parts are put together here.
// Pure; the asking is Controls::ask_others.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "relay/door/controls.h"
#include "relay/door/methods.h"

namespace tickrelay {

// The method that the other nodes are asked to do beside this one's: mostly the same, a kick's ban is a ban there. Empty: none.
std::string_view fleet_wide(std::string_view method, const nlohmann::json& params);

// own: what this node, `node`, says.
Outcome put_together(std::string_view method, const nlohmann::json& params, Outcome own, const std::string& node, std::span<const NodeAnswer> others);

}  // namespace tickrelay
