// A player on the C++ SDK for the browser tests: joins a room of a type, flies a dot in a circle for a while and lets it rest; prints
// who it is, and each tick what it sees: "123 {"17": [1000, -250], …}", places in mm, its own entities left out.
//
//   tickrelay_arena_client URL SECONDS_FLYING SECONDS [TYPE]
#include <tickrelay/client.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "schema/arena_generated.h"

namespace {

long millimetres(float metres) { return std::lround(static_cast<double>(metres) * 1000); }

void print_state(const tickrelay::Room& room) {
    std::string line;
    room.state().each<arena::Transform>([&](tickrelay::EntityId id, const arena::Transform& at) {
        if (room.state().owner(id) == room.player()) return;
        line += (line.empty() ? "\"" : ", \"") + std::to_string(id) + "\": [" + std::to_string(millimetres(at.pos().x())) + ", " +
                std::to_string(millimetres(at.pos().z())) + "]";
    });
    std::printf("%u {%s}\n", room.tick(), line.c_str());
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "tickrelay_arena_client URL SECONDS_FLYING SECONDS [TYPE]\n");
        return 2;
    }
    tickrelay::Client client(argv[1]);
    const double flying_s = std::atof(argv[2]), seconds = std::atof(argv[3]);
    const auto room = client.join_or_create(argc > 4 ? argv[4] : "demo", {.options = R"({"name": "C++"})"});
    int status = 0;
    tickrelay::EntityId dot = 0;
    room->on_join([&] { std::printf("player %u\n", room->player()); });
    room->on_state_change([&](const tickrelay::State&) { print_state(*room); });
    room->on_leave([&](auto code, const std::string& reason) {
        status = code == tickrelay::close_code::left ? 0 : 1;
        if (status != 0) std::fprintf(stderr, "left (%u, %s)\n", code, reason.c_str());
    });
    const double began = room->clock().now();
    while (room->phase() != tickrelay::Room::Phase::left) {
        client.poll();
        const double now = room->clock().now() - began;
        if (now > seconds) room->leave();
        if (room->phase() == tickrelay::Room::Phase::joined && now <= flying_s) {
            const auto angle = static_cast<float>(now);
            const arena::Transform at(arena::Vec3(10 * std::cos(angle), 0, 10 * std::sin(angle)), angle);
            if (dot == 0) {
                dot = room->spawn(at);
            } else {
                room->set(dot, at);
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return status;
}
