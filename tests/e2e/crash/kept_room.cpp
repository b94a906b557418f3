#include "tests/e2e/crash/kept_room.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "relay/core/checkpoint.h"
#include "relay/fleet/tables.h"

namespace tickrelay::test {

std::optional<KeptRoom> read_kept_room(const std::string& data_dir, const std::string& room_id) {
    namespace fs = std::filesystem;
    const fs::path copy = data_dir + ".copy";
    fs::remove_all(copy);
    fs::create_directory(copy);
    for (const char* name : {"relay.db", "relay.db-wal"})
        if (fs::exists(fs::path(data_dir) / name)) fs::copy_file(fs::path(data_dir) / name, copy / name);
    std::optional<KeptRoom> kept;
    {
        Tables tables;
        if (const auto error = tables.open((copy / "relay.db").string())) ADD_FAILURE() << *error;
        std::int64_t since_ms = 0;
        if (const auto stored = tables.get({.id = room_id}, since_ms)) {
            EXPECT_EQ(stored->damage, "");
            auto read = read_checkpoint(stored->bytes);
            if (const auto* wrong = std::get_if<std::string>(&read)) {
                ADD_FAILURE() << *wrong;
            } else {
                const SavedRoom& state = *std::get<SavedRoomPointer>(read);
                kept = {.term = state.term, .tick = state.tick, .made_ms = stored->made_ms, .owners = stored->owners, .said = {}, .players = {}};
                const EventLog& events = state.events;
                for (EventNumber number = events.first(), i = 0; i < events.size(); ++i, number = events.continues_at(number) + 1) {
                    const Event& event = events.at(number);
                    if (event.type == "said") kept->said.emplace(reinterpret_cast<const char*>(event.data.data()), event.data.size());
                }
                for (const auto& seat : state.seats) kept->players.insert(seat->player_id);
            }
        }
    }
    fs::remove_all(copy);
    return kept;
}

}  // namespace tickrelay::test
