#include "quantise.h"

#include "schema/state/quantise.h"

namespace tickrelay {
inline namespace sdk {

bool quantise(const Component& component, std::uint64_t mask, std::uint8_t* value, std::string& field) {
  for (std::size_t i = 0; i < component.fields.size(); ++i) {
    if ((mask >> i & 1) == 0) continue;
    const Field& one = component.fields[i];
    bool clamped = false;
    if (tickrelay::quantise(one, reinterpret_cast<std::byte*>(value + one.offset), clamped)) continue;
    field = one.name;
    return false;
  }
  return true;
}

}  // namespace sdk
}  // namespace tickrelay
