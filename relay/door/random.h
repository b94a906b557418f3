// The kernel's random bytes.
#pragma once

#include <sys/random.h>

#include <cstddef>
#include <span>

#include "relay/core/check.h"

namespace tickrelay {

inline void fill_random(std::span<std::byte> bytes) {
    while (!bytes.empty()) {
        const auto got = getrandom(bytes.data(), bytes.size(), 0);
        CHECK(got > 0);  // only an interrupted large request can fail, and ours is small
        bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
}

}  // namespace tickrelay
