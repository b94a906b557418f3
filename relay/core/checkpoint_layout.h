// The layout of a checkpoint's room. Foreign bytes that the verifier vouched for; what they mean is checked here.
#pragma once

#include <string>
#include <variant>

#include "relay/core/layout.h"

namespace tickrelay {

// As encode_layout() wrote it, or a text that names what is wrong.
std::variant<LayoutPointer, std::string> decode_layout(const wire::Layout& stored);

}  // namespace tickrelay
