// Bytes in golden files. No state.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tickrelay::test {

std::string base64(std::span<const std::uint8_t> bytes);
std::vector<std::uint8_t> from_base64(std::string_view text);

}  // namespace tickrelay::test
