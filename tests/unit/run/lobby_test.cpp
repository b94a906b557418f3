#include "relay/run/lobby.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tickrelay {
namespace {

RoomSettings settings_of(std::string id, std::uint32_t max_players = 4) {
  RoomSettings settings;
  settings.id = std::move(id);
  settings.type = "arena";
  settings.max_players = max_players;
  return settings;
}

TEST(Lobby, gives_each_seat_once_whatever_the_threads_do) {
  Lobby lobby(2);
  const RoomRecordPointer room = lobby.create(settings_of("r", 100), {}, 0, 1);
  std::atomic<int> taken{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int k = 0; k < 1000; ++k) {
          const bool by_type = k % 2 == 0;
          if (by_type ? lobby.reserve_by_type("arena", true) != nullptr : !lobby.reserve(room, true)) ++taken;
          if (k % 10 == 9 && taken.fetch_sub(1) > 0)
            lobby.release(room, true);
          else if (k % 10 == 9)
            ++taken;
        }
      });
  }
  EXPECT_EQ(static_cast<std::uint32_t>(taken.load()), room->seats_taken);
  EXPECT_LE(room->seats_taken, 100U);
  EXPECT_GE(room->seats_taken, 96U) << "many more asked than left; each thread may have left last";
}

TEST(Lobby, refuses_a_full_a_locked_and_a_gone_room) {
  Lobby lobby(1);
  const RoomRecordPointer room = lobby.create(settings_of("r", 1), {}, 0, 1);
  EXPECT_EQ(lobby.reserve(room, true), std::nullopt);
  EXPECT_EQ(lobby.reserve(room, true), CloseCode::room_full);
  EXPECT_EQ(lobby.reserve(room, false), std::nullopt) << "spectators take no player's seat";
  const bool locked = true;
  lobby.update(room, nullptr, nullptr, &locked, nullptr);
  EXPECT_EQ(lobby.reserve(room, true), CloseCode::room_locked);
  EXPECT_TRUE(lobby.remove(room, false));
  EXPECT_EQ(lobby.reserve(room, false), CloseCode::room_closed);
}

TEST(Lobby, is_searched_by_type_and_metadata_without_its_lock) {
  Lobby lobby(1);
  for (const char* id : {"a", "b", "c", "d"}) {
    RoomSettings settings = settings_of(id);
    settings.metadata = id;
    settings.is_private = *id == 'd';
    if (*id == 'c') settings.type = "duel";
    lobby.create(std::move(settings), {}, 0, 1);
  }
  const auto ids = [](const Lobby::Found& found) {
    std::string ids;
    for (const RoomListing& room : found.rooms) ids += room.id;
    return ids;
  };
  EXPECT_EQ(lobby.list().size(), 4U);
  EXPECT_EQ(ids(lobby.search("", nullptr, 10)), "abc");
  EXPECT_EQ(ids(lobby.search("arena", nullptr, 10)), "ab");
  EXPECT_EQ(ids(lobby.search("", nullptr, 2)), "ab");
  EXPECT_EQ(lobby.search("", nullptr, 2).looked_at, 2U);
  const auto not_a = [&](const Metadata& metadata) {
    const std::string sea = "sea";
    if (metadata.text == "c") lobby.update(lobby.find("c"), &sea, nullptr, nullptr, nullptr);  // would wait for itself
    return metadata.text != "a";
  };
  const Lobby::Found found = lobby.search("", not_a, 10);
  EXPECT_EQ(ids(found), "bc");
  EXPECT_EQ(found.looked_at, 3U);
  EXPECT_EQ(found.rooms[1].metadata, "sea") << "as it is when it is told";
  EXPECT_EQ(ids(lobby.search("", not_a, 1)), "b");
}

TEST(Lobby, keeps_a_room_in_which_a_seat_is_reserved) {
  Lobby lobby(1);
  const RoomRecordPointer room = lobby.create(settings_of("r"), {}, 0, 1);
  ASSERT_FALSE(lobby.reserve(room, true));
  EXPECT_FALSE(lobby.remove(room, true));
  lobby.release(room, true);
  EXPECT_TRUE(lobby.remove(room, true));
  EXPECT_EQ(lobby.find("r"), nullptr);
  EXPECT_EQ(lobby.reserve_by_type("arena", true), nullptr);
}

TEST(Lobby, spreads_rooms_over_workers) {
  Lobby lobby(3);
  std::vector<int> rooms(3);
  for (int i = 0; i < 9; ++i) ++rooms[lobby.create(settings_of(""), {}, 0, 1000U + static_cast<unsigned>(i))->worker];
  EXPECT_EQ(rooms, (std::vector<int>{3, 3, 3}));
}

TEST(Lobby, gives_an_id_to_one_room_only) {
  Lobby lobby(1);
  const RoomRecordPointer room = lobby.create(settings_of("r"), {}, 0, 1);
  RoomRecordPointer existing;
  EXPECT_EQ(lobby.create(settings_of("r"), {}, 0, 2, &existing), nullptr);
  EXPECT_EQ(existing, room);
}

TEST(Lobby, hides_private_rooms_from_joins_by_type) {
  Lobby lobby(1);
  RoomSettings settings = settings_of("r");
  settings.is_private = true;
  const RoomRecordPointer room = lobby.create(settings, {}, 0, 1);
  EXPECT_EQ(lobby.reserve_by_type("arena", true), nullptr);
  EXPECT_EQ(lobby.reserve(room, true), std::nullopt);
}

}  // namespace
}  // namespace tickrelay
