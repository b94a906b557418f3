// Whether bytes are well-formed UTF-8: names and options end up in JSON, logs and other clients.
#pragma once

#include <string_view>

namespace tickrelay {

[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace tickrelay
