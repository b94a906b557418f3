// Times inside the relay are ns of its clock; settings and limits are ms.
#pragma once

#include <cstdint>

namespace tickrelay {

constexpr std::int64_t ms = 1'000'000;  // ns

}  // namespace tickrelay
