// What a relay sends to the SDK: a connection that joins, hears these messages, and plays meanwhile.
#include <memory>

#include "session.h"
#include "tests/fuzz/bytes.h"

namespace tickrelay::fuzz {
namespace {

class OpenLink final : public Link {
 public:
  [[nodiscard]] bool writable() const override { return true; }
  void write(Bytes) override {}
  void close(std::uint16_t, const std::string&) override {}
};

void reconnect(Session& session, std::int64_t now_us) {
  if (session.shield().wants_link(now_us)) {
    session.shield().dialled(std::make_unique<OpenLink>(), now_us);
    session.shield().opened(now_us);
  }
  if (!session.wants_link(now_us)) return;
  session.dialled(std::make_unique<OpenLink>(), now_us);
  session.opened(now_us);
}

// Everything that the SDK shows of a room.
void look(Room& room) {
  const State& state = room.state();
  for (const EntityId id : state.entities()) (void)state.owner(id);
  (void)room.players();
}

void play(std::span<const std::byte> input) {
  std::int64_t now_us = 1'000'000;
  const auto session =
      std::make_shared<Session>("ws://relay.test", JoinRequest{}, ClientOptions{.loss_shield = true}, 1, now_us);
  Room room(session);
  room.on_change("*", [&](const Change&) { look(room); });
  room.on_message("*", [&](const Message& message) { room.send("echo", message.text()); });
  reconnect(*session, now_us);
  each_message(input, [&](std::span<const std::byte> message) {
    const Bytes bytes(reinterpret_cast<const std::uint8_t*>(message.data()), message.size());
    // By its length, so that old inputs keep their meaning: most frames come on both, in either order.
    if (message.size() % 4 == 1) session->shield().received(bytes, now_us);
    session->received(bytes, now_us);
    if (message.size() % 4 != 1) session->shield().received(bytes, now_us);
    now_us += 16'000;
    session->step(now_us);
    if (room.phase() == Room::Phase::joined) room.input(bytes_of("x"));
    look(room);
    if (message.empty()) session->closed(1006, "", now_us);  // an empty one: the line breaks
    now_us += message.empty() ? 2'000'000 : 0;
    reconnect(*session, now_us);
  });
}

}  // namespace
}  // namespace tickrelay::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tickrelay::fuzz::play(std::as_bytes(std::span(data, size)));
  return 0;
}
