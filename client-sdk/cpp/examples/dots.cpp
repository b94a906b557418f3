// Joins a room with the arena's schema, moves a dot of its own in a circle and prints where the others are.
//
//   dots [URL [SECONDS [TYPE]]]      ws://localhost:8350, 10 s, demo
#include <tickrelay/client.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "world_generated.h"

int main(int argc, char** argv) {
  tickrelay::Client client(argc > 1 ? argv[1] : "ws://localhost:8350");
  const double seconds = argc > 2 ? std::atof(argv[2]) : 10;

  const auto room = client.join_or_create(argc > 3 ? argv[3] : "demo", {.options = R"({"name": "a dot"})"});
  bool failed = false;
  room->on_join([&] { std::printf("player %u of room %s\n", room->player(), room->room_id().c_str()); });
  room->on_add<arena::Transform>(
      [](tickrelay::EntityId id, const arena::Transform&) { std::printf("dot %u appears\n", id); });
  room->on_remove<arena::Transform>(
      [](tickrelay::EntityId id, const arena::Transform&) { std::printf("dot %u goes\n", id); });
  room->on_drop(
      [](auto code, const std::string& reason) { std::printf("lost (%u, %s), coming back\n", code, reason.c_str()); });
  room->on_error([](const tickrelay::Error& error) {
    std::fprintf(stderr, "%s: %s\n", error.label.c_str(), error.detail.c_str());
  });
  room->on_leave([&](auto code, const std::string& reason) {
    std::printf("left (%u, %s)\n", code, reason.c_str());
    failed = code != tickrelay::close_code::left;
  });

  tickrelay::EntityId dot = 0;
  double printed = 0;
  const double began = room->clock().now();
  while (room->phase() != tickrelay::Room::Phase::left) {
    client.poll();
    const double now = room->clock().now() - began;
    if (now > seconds) room->leave();
    if (room->phase() == tickrelay::Room::Phase::joined && now <= seconds) {
      const arena::Transform at(
          arena::Vec3(10 * std::cos(static_cast<float>(now)), 0, 10 * std::sin(static_cast<float>(now))), 0);
      if (dot == 0) {
        dot = room->spawn(at);
      } else {
        room->set(dot, at);
      }
      if (now - printed >= 1) {
        printed = now;
        std::printf("tick %u, state %.0f ms old:", room->tick(), 1000 * room->state_age());
        room->state().each<arena::Transform>([](tickrelay::EntityId id, const arena::Transform& value) {
          std::printf("  #%u (%.1f, %.1f)", id, static_cast<double>(value.pos().x()),
                      static_cast<double>(value.pos().z()));
        });
        std::printf("\n");
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(16));  // a frame
  }
  return failed ? 1 : 0;
}
