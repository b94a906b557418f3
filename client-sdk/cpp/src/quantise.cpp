#include "quantise.h"

#include "schema/state/quantise.h"

namespace tickrelay {
inline namespace sdk {

bool quantise(const Component& component, std::uint64_t mask, std::uint8_t* value, std::string& field) {
  std::uint32_t clamped = 0;
  auto* bytes = reinterpret_cast<std::byte*>(value);
  const std::size_t refused = quantise_struct(component.fields, component.quats, mask, bytes, clamped);
  if (refused == component.fields.size()) return true;
  field = component.fields[refused].name;
  return false;
}

}  // namespace sdk
}  // namespace tickrelay
