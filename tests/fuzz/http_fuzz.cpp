// A request to the operations port, behind libwebsockets' own reading of HTTP: "path?query", and where lines follow, a POST
// with host, origin and content type, one a line, and the rest as body.
#include <cstdlib>
#include <string_view>

#include "relay/door/http.h"
#include "tests/fuzz/bytes.h"
#include "tests/unit/door/fake_controls.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickrelay;
  static const Stats stats;
  static EventRing events;
  FakeControls controls;
  for (const char* id : {"a", "b", "c"}) controls.add_room(id);
  Operations operations(controls, events, stats);
  std::string_view text(reinterpret_cast<const char*>(data), size);
  PageRequest request{.post = text.find('\n') != std::string_view::npos, .host = "localhost"};
  const auto line = [&] {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view found = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return found;
  };
  const std::string_view target = line();
  const std::size_t mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  request.query = target.substr(std::min(mark + 1, target.size()));
  if (request.post) {
    request.host = line();
    request.origin = line();
    request.content_type = line();
    request.body = text;
  }
  const PageAnswer answer = operations.answer(request);
  if (answer.status < 200 || answer.status > 599 || answer.body.empty()) std::abort();
  return 0;
}
