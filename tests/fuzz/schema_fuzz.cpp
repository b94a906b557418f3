// A room's state schema, as room.spawn and check-schema take it.
#include <cstdlib>

#include "relay/core/layout.h"
#include "relay/core/limits.h"
#include "tests/fuzz/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickrelay;
  const fuzz::Input schema(std::as_bytes(std::span(data, size)));
  const auto parsed = parse_schema(schema.bytes());
  if (const auto* error = std::get_if<std::string>(&parsed)) return error->empty() ? std::abort(), 0 : 0;
  // What was taken holds what the rest of the relay builds on.
  for (const Component& component : std::get<LayoutPointer>(parsed)->components()) {
    if (component.fields.size() > 64) std::abort();
    for (const Field& field : component.fields)
      if (field.offset + field.width() > component.bytes) std::abort();
  }
  return 0;
}
