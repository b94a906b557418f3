// What clients send: decoded, and where it is an Update applied to a room with the arena's state, frames and all.
#include <string>
#include <variant>

#include "relay/core/room.h"
#include "relay/door/demo_schema.h"
#include "tests/fuzz/bytes.h"

namespace tickrelay::fuzz {
namespace {

struct Deaf final : RoomObserver {
  void seat_taken(const Room&, const Seat&) override {}
  void seat_dropped(const Room&, const Seat&) override {}
  void seat_resumed(const Room&, const Seat&) override {}
  void seat_ended(const Room&, const Seat&, CloseCode, std::string_view) override {}
  void message(const Room&, PlayerNumber, const Event&) override {}
};

// Reads every byte that decode() vouches for.
std::size_t touch(std::string_view text) {
  std::size_t sum = 0;
  for (const char each : text) sum += static_cast<unsigned char>(each);
  return sum;
}

std::size_t touch(const JoinRequest& join) {
  std::size_t sum = 0;
  for (const auto text : {join.room_id, join.type, join.player_id, join.options, join.ticket, join.session, join.metadata})
    sum += touch(text);
  return sum;
}

LayoutPointer arena() {
  static const LayoutPointer layout = std::get<LayoutPointer>(parse_schema(demo_schema()));
  return layout;
}

void play(std::span<const std::byte> input) {
  Deaf observer;
  RoomSettings settings;
  settings.layout = arena();
  Room room(settings, built_in_logic("relay")(), 1, observer);
  room.advance(1);
  const PlayerNumber ada = room.take_seat({.player_id = "ada", .session = "a"}, 1);
  room.take_seat({.player_id = "bob", .session = "b"}, 2);
  Tick now = 1;
  volatile std::size_t sum = 0;
  each_message(input, [&](std::span<const std::byte> message) {
    const Request request = decode(message);
    if (const auto* join = std::get_if<JoinRequest>(&request)) sum = sum + touch(*join);
    if (const auto* list = std::get_if<ListRequest>(&request)) sum = sum + touch(list->type) + touch(list->metadata);
    if (const auto* actions = std::get_if<Actions>(&request)) {
      for (std::size_t i = 0; i < actions->size(); ++i)
        if (Seat* seat = room.find(ada)) room.apply(*seat, actions->at(i));
    }
    room.advance(++now);
  });
}

}  // namespace
}  // namespace tickrelay::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tickrelay::fuzz::play(std::as_bytes(std::span(data, size)));
  return 0;
}
