// A player of tag: prints what the logic says, one line each, and passes "it" on to each name that it reads from its input.
//
//   player URL NAME TYPE [ROOM_ID]
#include <fcntl.h>
#include <poll.h>
#include <tickrelay/client.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace {

// Lines that have come so far; false at the end of the input.
bool read_names(std::string& rest, const std::shared_ptr<tickrelay::Room>& room) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, 10) <= 0) return true;
    char part[256];
    const ssize_t bytes = read(STDIN_FILENO, part, sizeof part);
    if (bytes <= 0) return false;
    rest.append(part, static_cast<std::size_t>(bytes));
    for (std::size_t end = 0; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1))
        room->send("tag", rest.substr(0, end));
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    tickrelay::Client client(argv[1]);
    const tickrelay::JoinOptions me{.player_id = argv[2]};
    const auto room = argc > 4 ? client.join_by_id(argv[4], me) : client.join_or_create(argv[3], me);
    room->on_message("*", [](const tickrelay::Message& message) {
        std::printf("%s %s\n", std::string(message.type).c_str(), std::string(message.text()).c_str());
        std::fflush(stdout);
    });
    room->on_leave([](auto code, const std::string& reason) { std::printf("left (%u, %s)\n", code, reason.c_str()); });
    bool plays = false;  // before it is in the room it has nobody to pass it on to
    room->on_join([&] { plays = true; });
    std::string rest;
    bool open = true;
    while (room->phase() != tickrelay::Room::Phase::left) {
        client.poll();
        if (plays && open && !(open = read_names(rest, room))) room->leave();
        if (!plays || !open) poll(nullptr, 0, 10);
    }
}
