// A path and a query to the operations port, behind libwebsockets' own reading of HTTP.
#include <cstdlib>
#include <string_view>

#include "relay/door/http.h"
#include "tests/fuzz/bytes.h"
#include "tests/unit/door/fake_controls.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickrelay;
  static const Stats stats;
  FakeControls controls;
  for (const char* id : {"a", "b", "c"}) controls.add_room(id);
  Operations operations(controls, stats);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t mark = std::min(text.find('?'), text.size());
  const PageAnswer answer = operations.get(text.substr(0, mark), text.substr(std::min(mark + 1, text.size())));
  if (answer.status < 200 || answer.status > 599 || answer.body.empty()) std::abort();
  return 0;
}
