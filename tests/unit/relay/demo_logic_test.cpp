#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include "relay/core/checkpoint.h"
#include "relay/core/room.h"
#include "relay/door/room_keys.h"
#include "relay/logics.h"

namespace tickrelay {

namespace {

class NoObserver final : public RoomObserver {
    void seat_taken(const Room&, const Seat&) override {}
    void seat_dropped(const Room&, const Seat&) override {}
    void seat_resumed(const Room&, const Seat&) override {}
    void seat_ended(const Room&, const Seat&, CloseCode, std::string_view) override {}
    void message(const Room&, PlayerNumber, const Event&) override {}
};

class DemoLogicTest : public testing::Test {
  protected:
    NoObserver observer;
    Room room{built_in_types().at("demo").settings, make_demo_logic(), 1, observer};

    void tick(Tick count) {
        for (Tick i = 0; i < count; ++i) room.advance(room.tick() + 1);
    }
    void say(Seat& seat, std::string_view type, std::span<const std::byte> data) {
        Action action{};
        action.kind = wire::ActionKind::Message;
        action.audience = wire::Audience::Default;
        action.type = type;
        action.data = data;
        action.seq = seat.applied_seq + 1;
        room.apply(seat, action);
    }
    [[nodiscard]] std::size_t count(std::string_view component) const {
        return room.world().rows(*room.world().layout().find(component)).size();
    }
};

TEST_F(DemoLogicTest, BotsCollectGemsAndARoundEnds) {
    tick(20 * 60);
    EXPECT_EQ(count("arena.Transform"), 12U + 36U);
    EXPECT_EQ(count("arena.Health"), 36U);
    const auto score = *room.world().layout().find("arena.Score");
    const auto points = [&] {
        std::uint32_t all = 0;
        for (const EntityId id : room.world().rows(score).ids()) {
            std::uint16_t kills = 0;
            std::memcpy(&kills, room.world().get(id, score).data(), sizeof kills);
            all += kills;
        }
        return all;
    };
    const std::uint32_t before = points();
    EXPECT_GT(before, 12U);
    tick(20 * 31);
    EXPECT_LT(points(), before / 2) << "a new round";
}

TEST_F(DemoLogicTest, APlayerMakesItsOwnNetworkWorseWithinBounds) {
    Seat& seat = *room.find(room.take_seat({}, 1));
    const auto ask = [&](std::array<std::uint8_t, 16> bytes) { say(seat, "simulate", std::as_bytes(std::span(bytes))); };
    ask({100, 0, 0, 0, 20, 0, 0, 0, 30, 0, 0, 0, 0, 64, 0, 0});
    EXPECT_EQ(seat.simulated, (Conditions{.delay_ms = 100, .jitter_ms = 20, .loss = 0.03, .bytes_per_s = 16'384}));
    ask({255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0, 0, 0});
    EXPECT_EQ(seat.simulated, (Conditions{.delay_ms = 2'000, .jitter_ms = 1'000, .loss = 0.5, .bytes_per_s = 1'000}));
    const std::array<std::byte, 3> broken{};
    say(seat, "simulate", broken);
    EXPECT_EQ(seat.simulated.delay_ms, 2'000U);
    ask({});
    EXPECT_FALSE(seat.simulated.any());
}

TEST_F(DemoLogicTest, ARoundGoesOnInTheRoomOfACheckpoint) {
    tick(20 * 30);
    CheckpointWriter writer;
    auto read = read_checkpoint(writer.write(room));
    ASSERT_TRUE(std::holds_alternative<SavedRoomPointer>(read)) << std::get<std::string>(read);
    SavedRoomPointer state = std::get<SavedRoomPointer>(std::move(read));
    const std::vector<std::byte> logic = state->logic;
    ASSERT_FALSE(logic.empty());
    Room later(std::move(*state), {.term = 2, .tick = room.tick() + 20, .lost_terms = 1, .lost_ticks = 20}, make_demo_logic(), observer);
    later.restore_logic(logic);
    const auto transforms = [](const Room& of) { return of.world().rows(*of.world().layout().find("arena.Transform")).size(); };
    for (Tick i = 0; i < 20 * 5; ++i) later.advance(later.tick() + 1);
    EXPECT_EQ(transforms(later), 12U + 36U) << "the bots and gems that were there, and no others";
    const auto events = later.events().last();
    while (later.tick() < 20 * 90) later.advance(later.tick() + 1);
    EXPECT_EQ(later.events().last(), events) << "its round has not ended yet";
    for (Tick i = 0; i < 5; ++i) later.advance(later.tick() + 1);
    EXPECT_EQ(later.events().last(), events + 1) << "but now";
}

TEST_F(DemoLogicTest, WhatAnotherBuildSavedIsLeftOut) {
    tick(1);
    auto other = make_demo_logic();
    const std::array<std::byte, 40> unknown{std::byte{9}};
    other->restore(room, unknown);
    EXPECT_TRUE(other->save(room).empty()) << "it begins anew";
}

TEST_F(DemoLogicTest, OtherMessagesGoToTheOthers) {
    Seat& seat = *room.find(room.take_seat({}, 1));
    tick(1);
    const auto before = room.events().last();
    say(seat, "chat", {});
    EXPECT_EQ(room.events().last(), before + 1);
}

}  // namespace

}  // namespace tickrelay
