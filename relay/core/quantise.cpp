#include "relay/core/quantise.h"

#include <bit>

#include "relay/core/check.h"

namespace tickrelay {

bool quantise_packed(const Component& component, std::uint64_t mask, std::span<std::byte> packed,
                     std::uint32_t& clamped) {
    if ((mask & component.checked) == 0) return true;
    std::byte* value = packed.data();
    for (std::uint64_t left = mask; left != 0; left &= left - 1) {
        const auto index = static_cast<std::size_t>(std::countr_zero(left));
        const Field& field = component.fields[index];
        if ((component.checked >> index & 1) != 0) {
            bool held_back = false;
            if (!quantise(field, value, held_back)) return false;
            clamped += held_back ? 1 : 0;
        }
        value += field.width();
    }
    CHECK(value == packed.data() + packed.size());
    return true;
}

}  // namespace tickrelay
