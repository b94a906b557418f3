// Whether bytes are well-formed UTF-8: names and options end up in JSON, logs and other clients.
#pragma once

#include <cstddef>
#include <string_view>

namespace tickrelay {

[[nodiscard]] bool is_utf8(std::string_view text);
// Of the character that the text begins with; 0: it begins with none.
[[nodiscard]] std::size_t utf8_bytes(std::string_view text);

}  // namespace tickrelay
