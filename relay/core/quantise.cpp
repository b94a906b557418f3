#include "relay/core/quantise.h"

#include <algorithm>
#include <bit>

#include "relay/core/check.h"

namespace tickrelay {

bool quantise_packed(const Component& component, std::uint64_t mask, std::span<std::byte> packed,
                     std::uint32_t& clamped) {
    if ((mask & component.checked) == 0) return true;
    std::byte* value = packed.data();
    std::uint64_t left = mask;
    while (left != 0) {
        const auto index = static_cast<std::size_t>(std::countr_zero(left));
        const Field& field = component.fields[index];
        if ((component.quats >> index & 1) != 0) {
            if (!quantise_quat(field.precision, {value, value + 4, value + 8, value + 12})) return false;
            left &= ~(0xFULL << index);
            value += 16;
            continue;
        }
        left &= left - 1;
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

std::uint64_t with_whole_quats(const Component& component, std::uint64_t mask, std::span<const std::byte> packed,
                               std::span<const std::byte> present, std::span<std::byte> to) {
    const std::uint64_t whole = with_whole_quats(mask, component.quats);
    if (whole == mask) {
        std::ranges::copy(packed, to.begin());
        return mask;
    }
    if (present.empty()) present = component.zero;
    for (std::uint64_t left = whole; left != 0; left &= left - 1) {
        const auto index = static_cast<std::size_t>(std::countr_zero(left));
        const Field& field = component.fields[index];
        const bool given = (mask >> index & 1) != 0;
        std::ranges::copy(given ? packed.first(field.width()) : present.subspan(field.offset, field.width()), to.begin());
        if (given) packed = packed.subspan(field.width());
        to = to.subspan(field.width());
    }
    return whole;
}

}  // namespace tickrelay
