// Programs of two releases in one room: the older schema's structs are prefixes of the newer one's (PROTOCOL.md, "Versioning").

#include <gtest/gtest.h>

#include <cmath>

#include "schema/arena_generated.h"
#include "tests/e2e/play/guest.h"
#include "tests/e2e/play/newer.h"
#include "tests/e2e/play/relay_process.h"

namespace tickrelay::test {
namespace {

constexpr const char* releases = R"(
[type.packed]
schema = "arena_newer.bfbs"
tick_rate = 60
codec = "packed"

[type.plain]
schema = "arena_newer.bfbs"
tick_rate = 60
codec = "plain"

[type.older]
schema = "arena.bfbs"
tick_rate = 60
)";

const newer::Quat no_turn{0, 0, 0, 1};

class Evolution : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override { ASSERT_TRUE(relay.ready()); }

    void meet(const std::string& type) {
        later.join_or_create(type, {.player_id = "later"});
        ASSERT_TRUE(until({&later}, [&] { return later.joined; })) << later.left << later.left_reason;
        older.join_by_id(later.room->room_id(), {.player_id = "older"});
        ASSERT_TRUE(until({&later, &older}, [&] { return later.came.size() == 2 && older.came.size() == 2; })) << older.left_reason;
    }
    [[nodiscard]] const newer::Transform* seen_by_later(EntityId entity) const { return later.room->state().get<newer::Transform>(entity); }
    [[nodiscard]] const arena::Transform* seen_by_older(EntityId entity) const { return older.room->state().get<arena::Transform>(entity); }
    // As the match server, what players of the older release cannot write.
    void set(EntityId entity, const std::string& component, const std::string& fields) {
        const std::string answer = relay.call("room.set", R"({"room_id":")" + later.room->room_id() + R"(","entity":)" + std::to_string(entity) +
                                                              R"(,"component":")" + component + R"(","fields":)" + fields + "}");
        ASSERT_NE(answer.find("\"result\""), std::string::npos) << answer;
    }

    RelayProcess relay{{.configuration = releases}};
    Guest later{relay.url()}, older{relay.url()};  // programs of the newer and of the older schema
};

TEST_P(Evolution, AnOlderProgramReadsWhatItKnowsOfANewersEntity) {
    ASSERT_NO_FATAL_FAILURE(meet(GetParam()));
    std::vector<float> heard;
    older.room->on_change<arena::Transform>([&](EntityId, const arena::Transform& at) { heard.push_back(at.pos().x()); });
    const EntityId ship = later.room->spawn(newer::Transform{1, 2, 3, 0.5F, {0, 0, 0.6F, 0.8F}, 3.1F});
    later.room->set(ship, newer::Health{90, 5, true, 2});
    later.room->set(ship, newer::Armour{7});
    ASSERT_TRUE(until({&later, &older}, [&] {
        return seen_by_older(ship) != nullptr && older.room->state().get<arena::Health>(ship) != nullptr;
    }));
    EXPECT_EQ(seen_by_older(ship)->pos().y(), 2);
    EXPECT_EQ(seen_by_older(ship)->yaw(), seen_by_later(ship)->yaw);
    EXPECT_EQ(older.room->state().get<arena::Health>(ship)->shield(), 5);
    for (int i = 0; i < 200; ++i) {  // turning all the time, past half a turn
        const float half = 0.05F * static_cast<float>(i);
        later.room->set(ship, newer::Transform{static_cast<float>(i), 2, 3, 0.5F, {std::sin(half), 0, 0, std::cos(half)}, half});
        ASSERT_TRUE(until({&later, &older}, [&] { return i % 20 != 0 || (!heard.empty() && heard.back() == static_cast<float>(i)); }));
    }
    EXPECT_TRUE(older.errors.empty() && later.errors.empty());
    EXPECT_EQ(older.room->stats().resyncs, 0U);
}

TEST_P(Evolution, WhatAnOlderProgramWritesLeavesNewerFieldsAsTheyAre) {
    ASSERT_NO_FATAL_FAILURE(meet(GetParam()));
    const EntityId ship = older.room->spawn(arena::Transform(arena::Vec3(1, 2, 3), 0));
    ASSERT_TRUE(until({&later, &older}, [&] { return seen_by_later(ship) != nullptr; }));
    EXPECT_EQ(seen_by_later(ship)->turn, no_turn) << "never written";
    EXPECT_NEAR(seen_by_later(ship)->spin, 0, 0.005);  // the nearest step from -pi on
    ASSERT_NO_FATAL_FAILURE(set(ship, "arena.Transform", R"({"turn":{"x":0.6,"y":0,"z":0,"w":0.8},"spin":2})"));
    ASSERT_TRUE(until({&later, &older}, [&] { return seen_by_later(ship)->spin > 1.9F; }));
    const newer::Quat turn = seen_by_later(ship)->turn;
    const float spin = seen_by_later(ship)->spin;
    EXPECT_NE(turn, no_turn);
    older.room->set(ship, arena::Transform(arena::Vec3(9, 2, 3), 1));
    older.room->set(ship, arena::Health(50, 1));
    ASSERT_TRUE(until({&later, &older}, [&] {
        const auto* health = later.room->state().get<newer::Health>(ship);
        return seen_by_later(ship)->x == 9 && health != nullptr && health->points == 50;
    }));
    EXPECT_EQ(seen_by_later(ship)->turn, turn);
    EXPECT_EQ(seen_by_later(ship)->spin, spin);
    EXPECT_EQ(later.room->state().get<newer::Health>(ship)->mood, 0);

    ASSERT_NO_FATAL_FAILURE(set(ship, "arena.Transform", R"({"turn":{"z":-3}})"));  // one of four: the others as they are
    ASSERT_TRUE(until({&later, &older}, [&] { return !(seen_by_later(ship)->turn == turn); }));
    EXPECT_GT(seen_by_later(ship)->turn.z, 0.9F) << "the largest is positive: the same turn";
    EXPECT_LT(seen_by_later(ship)->turn.x, -0.1F);
    EXPECT_TRUE(older.errors.empty() && later.errors.empty());
}

TEST_P(Evolution, EachSeatHasWhatTheNewerSchemaGivesPlayers) {
    ASSERT_NO_FATAL_FAILURE(meet(GetParam()));
    const EntityId seat = older.room->entity();
    ASSERT_TRUE(until({&later, &older}, [&] { return later.room->state().get<newer::Rank>(seat) != nullptr; }));
    EXPECT_EQ(later.room->state().get<newer::Rank>(seat)->turn, no_turn);
    older.room->set(seat, arena::Score(3, 1));
    ASSERT_TRUE(until({&later, &older}, [&] { return later.room->state().get<arena::Score>(seat)->kills() == 3; }));
    EXPECT_TRUE(older.errors.empty());
}

INSTANTIATE_TEST_SUITE_P(Codecs, Evolution, ::testing::Values("packed", "plain"));

class NewerProgram : public Evolution {};

TEST_F(NewerProgram, InAnOlderRoomUsesWhatIsThereAndIsToldWhatIsNot) {
    std::vector<std::string> details;
    ASSERT_NO_FATAL_FAILURE(meet("older"));
    later.room->on_error([&](const Error& error) { details.push_back(error.detail); });
    EXPECT_EQ(later.room->spawn(newer::Transform{}), 0U);
    EXPECT_EQ(later.room->spawn(newer::Armour{}), 0U);
    later.room->set(later.room->entity(), arena::Score(4, 0));  // as it was
    ASSERT_TRUE(until({&later, &older}, [&] { return older.room->state().get<arena::Score>(later.room->entity())->kills() == 4; }));
    const EntityId ship = older.room->spawn(arena::Transform(arena::Vec3(1, 2, 3), 0));
    ASSERT_TRUE(until({&later, &older}, [&] { return later.room->state().contains(ship); }));
    EXPECT_EQ(seen_by_later(ship), nullptr);
    EXPECT_EQ(later.room->state().get<newer::Armour>(ship), nullptr);
    ASSERT_TRUE(until({&later, &older}, [&] { return details.size() == 3; })) << details.size();
    EXPECT_NE(details[0].find("'arena.Transform' has 16 bytes in the room and 36 in this program"), std::string::npos) << details[0];
    EXPECT_NE(details[1].find("no component 'arena.Armour'"), std::string::npos) << details[1];
    EXPECT_NE(details[2].find("'arena.Transform' has 16 bytes"), std::string::npos) << details[2];
    EXPECT_TRUE(later.connected());
}

TEST_F(NewerProgram, ThatListensForALargerStructLeavesAnOlderRoomAndSaysWhy) {
    later.enter(later.client.join_or_create("older", {.player_id = "later"}));
    later.room->on_change<newer::Armour>([](EntityId, const newer::Armour&) {});  // none there: nothing to hear
    later.room->on_change<newer::Health>([](EntityId, const newer::Health&) {});
    ASSERT_TRUE(until({&later}, [&] { return later.left != 0; }));
    EXPECT_EQ(later.left, close_code::incompatible_schema);
    EXPECT_NE(later.left_reason.find("component 'arena.Health' has 2 bytes in the room and 4 in this program"), std::string::npos) << later.left_reason;
}

}  // namespace
}  // namespace tickrelay::test
