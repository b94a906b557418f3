// Lines on the admin socket. The answer to each is at most one line of JSON.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "relay/door/demo_schema.h"
#include "relay/door/json.h"
#include "relay/door/rpc.h"
#include "tests/fuzz/bytes.h"
#include "tests/unit/door/fake_controls.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickrelay;
  FakeControls controls;
  controls.add_room("r", "demo");
  controls.known_state = {.layout = controls.known_rooms.at("r").settings.layout, .term = 1, .tick = 9, .entities = {}};
  EventRing events;
  events.push({.type = RelayEventType::room_spawned, .room_id = "r"});
  Rpc rpc(controls, events);
  AdminSession session;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string answer = rpc.answer(text.substr(0, end), session);
    if (answer.find('\n') != std::string::npos) std::abort();
    if (!answer.empty() && parse_json(answer).is_discarded()) std::abort();
    rpc.news(session, 4'096);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return 0;
}
