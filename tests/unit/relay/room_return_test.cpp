#include "relay/room_return.h"

#include <gtest/gtest.h>

#include "relay/run/lobby.h"

namespace tickrelay {
namespace {

// Rooms of a process before, and a store that has nothing else.
class Shelf final : public Store {
  public:
    bool keeps() const override { return true; }
    std::uint32_t new_term() override { return 7; }
    void claim(std::vector<StoredRoom> rooms, std::uint32_t, Then<Stored> then) override {
        claimed += rooms.size();
        then(Stored::durable);
    }
    void renew(std::int64_t, Then<std::int64_t>) override {}
    void release(std::string, std::uint32_t) override {}
    void find(std::string, Then<std::optional<RoomPlace>> then) override { then(std::nullopt); }
    void put_checkpoint(CheckpointBytes, Then<Stored> then) override { then(Stored::durable); }
    void get_checkpoint(StoredKey key, Then<std::optional<StoredRoom>> then) override {
        if (key.id == "unanswered") return then(std::nullopt);
        then(StoredRoom{.id = key.id, .damage = "its bytes are not what was written", .bytes = {}});
    }
    void append_event(std::vector<StoredEvent>, Then<Stored> then) override { then(Stored::durable); }
    void list(Then<std::vector<StoredKey>> then) override { then({{.id = "unanswered"}, {.id = "damaged"}}); }
    void set_aside(std::string room_id, std::string) override { aside.push_back(std::move(room_id)); }
    void read_events(std::uint64_t, std::size_t, Then<EventPage> then) override { then({}); }
    std::uint64_t first_event() const override { return 1; }
    void reserve_events(std::uint64_t) override {}
    bool keeps_bans() const override { return false; }
    void put_ban(StoredBan, Then<Stored> then) override { then(Stored::durable); }
    void list_bans(Then<std::vector<StoredBan>> then) override { then({}); }
    void flush(Then<Stored> then) override { then(Stored::durable); }
    void stop() override {}

    std::vector<std::string> aside;
    std::size_t claimed = 0;
};

// JetStream may be without a leader just when a node takes over from one that has ended.
TEST(RoomReturn, a_room_that_the_store_does_not_answer_for_is_not_given_up) {
    Shelf shelf;
    Lobby lobby(1);
    RoomReturn rooms(shelf, lobby, {}, [](std::string_view) { return LogicFactory(); });
    EXPECT_EQ(rooms.run(), std::nullopt);
    EXPECT_EQ(shelf.aside, std::vector<std::string>{"damaged"}) << "the other may be read next time";
    EXPECT_EQ(shelf.claimed, 0U);
}

}  // namespace
}  // namespace tickrelay
