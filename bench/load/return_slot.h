#pragma once
// PROTOCOL.md, "Return slots": when the relay wants somebody back whom it closed. Stateless.

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "bench/net/clock.h"

namespace tickrelay::bench {

// From a close's reason: "overloaded: come back in 1234 ms: …". nullopt: it says none.
inline std::optional<std::int64_t> return_slot_ns(const std::string& reason) {
  constexpr std::string_view words = "come back in ";
  const std::size_t at = reason.find(words);
  if (at == std::string::npos) return std::nullopt;
  return std::strtoll(reason.c_str() + at + words.size(), nullptr, 10) * ms_ns;
}

}  // namespace tickrelay::bench
