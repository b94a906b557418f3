#include "relay/fleet/directory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <set>

namespace tickrelay {
namespace {

constexpr std::int64_t s = 1'000'000'000;

NodeEntry node_entry(const std::string& incarnation, double headroom = 1, std::uint32_t rooms = 0) {
    NodeEntry entry;
    entry.incarnation = incarnation;
    entry.url = "ws://" + incarnation + "/v1";
    entry.address = incarnation + ":8350";
    entry.headroom = headroom;
    entry.rooms = rooms;
    return entry;
}
RoomClaim room_of(const std::string& node, const std::string& incarnation, std::uint32_t term = 1) {
    RoomClaim claim;
    claim.node = node;
    claim.incarnation = incarnation;
    claim.term = term;
    return claim;
}
NodeEntry over(NodeEntry entry) {
    entry.over = true;
    return entry;
}

// This node is "a" (incarnation "a1"); "b" (b1) has a room.
class DirectoryOfA : public testing::Test {
  protected:
    DirectoryOfA() {
        directory.rooms_listed();
        directory.nodes_listed();
        directory.node_is("a", node_entry("a1"), 1, 0);
        directory.node_is("b", node_entry("b1"), 2, 0);
        directory.room_is("room", room_of("b", "b1"), 3, 0);
    }
    void bury_b(std::int64_t now_ns) { directory.node_is("b", over(node_entry("b1")), 10, now_ns); }

    Directory directory{"a", "a1", {}};
};

TEST_F(DirectoryOfA, ASilentNodeIsOverAfterTheLeaseAndItsMarginAndNotBefore) {
    EXPECT_TRUE(directory.to_bury(10 * s).empty());
    EXPECT_TRUE(directory.to_bury(11 * s - 1).empty());
    EXPECT_EQ(directory.to_bury(11 * s), std::vector<std::string>{"b"});
    directory.node_is("b", node_entry("b1"), 4, 11 * s);
    EXPECT_TRUE(directory.to_bury(21 * s).empty());
}

// All NATS servers were away, and this node is the first that is heard again.
TEST_F(DirectoryOfA, WhoCouldNotWriteHimselfHoldsNobodysSilenceAgainstHim) {
    directory.was_deaf(30 * s);
    EXPECT_TRUE(directory.to_bury(30 * s).empty());
    EXPECT_EQ(directory.to_bury(41 * s), std::vector<std::string>{"b"});
}

TEST_F(DirectoryOfA, NobodyBuriesHimself) { EXPECT_EQ(directory.to_bury(100 * s), std::vector<std::string>{"b"}); }

TEST_F(DirectoryOfA, ARefusedAddressProvesANodeDeadOnlyWhereItAcceptedBefore) {
    directory.refused("b", "b1");
    EXPECT_TRUE(directory.to_bury(3 * s).empty()) << "it never accepted a connection from here";
    directory.accepted("b", "b1");
    directory.refused("b", "b1");
    EXPECT_TRUE(directory.to_bury(1 * s).empty()) << "it wrote just now";
    EXPECT_EQ(directory.to_bury(2 * s), std::vector<std::string>{"b"});
    directory.node_is("b", node_entry("b1"), 4, 2 * s);
    EXPECT_TRUE(directory.to_bury(5 * s).empty()) << "it wrote again";
}

TEST_F(DirectoryOfA, WhatAnotherIncarnationRefusedSaysNothing) {
    directory.accepted("b", "b1");
    directory.node_is("b", node_entry("b2"), 4, s);
    directory.refused("b", "b1");
    directory.refused("b", "b2");
    EXPECT_TRUE(directory.to_bury(5 * s).empty());
}

TEST_F(DirectoryOfA, ARoomIsFreeOnceItsOwnersKeyIsOverwritten) {
    EXPECT_TRUE(directory.to_adopt(20 * s).empty()) << "a silent owner's room before that owner is declared over";
    bury_b(20 * s);
    EXPECT_EQ(directory.to_adopt(20 * s), std::vector<std::string>{"room"});
    directory.room_is("room", room_of("c", "c1", 5), 11, 20 * s);
    EXPECT_TRUE(directory.to_adopt(20 * s).empty()) << "another one was quicker";
}

TEST_F(DirectoryOfA, ARoomOfANodeThatStartedAgainIsFree) {
    directory.node_is("b", node_entry("b2"), 4, s);
    EXPECT_EQ(directory.to_adopt(s).size() + directory.to_adopt(4 * s).size() > 0, true);
    EXPECT_EQ(directory.to_adopt(4 * s), std::vector<std::string>{"room"});
}

// The two buckets are two watches: a claim may be seen before its owner's key.
TEST_F(DirectoryOfA, ARoomOfAnOwnerThatIsNotKnownYetIsNotFree) {
    directory.room_is("new", room_of("c", "c1"), 5, s);
    EXPECT_TRUE(directory.to_adopt(2 * s).empty());
    directory.node_is("c", node_entry("c1"), 4, 2 * s);
    EXPECT_TRUE(directory.to_adopt(30 * s).empty());
}

TEST_F(DirectoryOfA, OlderRevisionsChangeNothing) {
    directory.room_is("room", room_of("a", "a1", 9), 8, s);
    directory.room_is("room", room_of("b", "b1"), 3, s);
    EXPECT_EQ(directory.find("room", s).where, Directory::Where::here);
    directory.room_gone("room", 9);
    directory.room_is("room", room_of("a", "a1", 9), 8, s);
    EXPECT_EQ(directory.find("room", s).where, Directory::Where::nowhere);
    EXPECT_EQ(directory.newest_room(), 9U);
}

TEST_F(DirectoryOfA, FindsARoomWhereItsOwnerLives) {
    EXPECT_EQ(directory.find("room", s).where, Directory::Where::elsewhere);
    EXPECT_EQ(directory.find("room", s).url, "ws://b1/v1");
    EXPECT_EQ(directory.find("room", 12 * s).where, Directory::Where::between) << "its owner fell silent";
    bury_b(12 * s);
    EXPECT_EQ(directory.find("room", 12 * s).where, Directory::Where::between);
    EXPECT_EQ(directory.find("other", s).where, Directory::Where::nowhere);
}

TEST_F(DirectoryOfA, SaysWhenItsOwnRoomIsAnothers) {
    EXPECT_FALSE(directory.room_is("mine", room_of("a", "a1"), 5, s));
    EXPECT_TRUE(directory.room_is("mine", room_of("b", "b1", 7), 7, s));
    EXPECT_FALSE(directory.room_is("mine", room_of("c", "c1", 8), 8, s));
}

TEST_F(DirectoryOfA, PlacesWhereThereIsMostHeadroomAndThenFewestRooms) {
    directory.node_is("c", node_entry("c1", 0.5), 5, 0);
    EXPECT_EQ(directory.best(s, "a"), "b");
    directory.node_is("b", node_entry("b1", 0.4, 3), 6, 0);
    EXPECT_EQ(directory.best(s, "a"), "c");
    // As good as alike: then by rooms, and those that were just sent there count.
    directory.node_is("b", node_entry("b1", 0.51, 1), 7, 0);
    directory.node_is("c", node_entry("c1", 0.52, 2), 8, 0);
    EXPECT_EQ(directory.best(s, "a"), "b");
    directory.placed("b");
    directory.placed("b");
    EXPECT_EQ(directory.best(s, "a"), "c");
    NodeEntry draining = node_entry("c1", 1);
    draining.draining = true;
    directory.node_is("c", draining, 9, 0);
    EXPECT_EQ(directory.best(s, "a"), "b");
    EXPECT_EQ(directory.best(20 * s, "a"), "") << "all are silent";
}

// Of three nodes each free room is one's turn first, and all of them are somebody's.
TEST(Directories, FreeRoomsAreSharedOut) {
    std::deque<Directory> all;
    for (const char* name : {"a", "b", "c"}) all.emplace_back(name, std::string(name) + "1", DirectoryTimes{});
    std::set<std::string> taken;
    for (Directory& each : all) {
        for (int i = 0; i < 90; ++i) each.room_is("room-" + std::to_string(i), room_of("d", "d1"), static_cast<std::uint64_t>(i) + 1, 0);
        each.rooms_listed();
        std::uint64_t revision = 0;
        for (const char* name : {"a", "b", "c"}) each.node_is(name, node_entry(std::string(name) + "1"), ++revision, 0);
        each.node_is("d", over(node_entry("d1")), ++revision, 0);
        each.nodes_listed();
        const auto turn = each.to_adopt(s);
        EXPECT_GT(turn.size(), 15U);
        for (const std::string& id : turn) EXPECT_TRUE(taken.insert(id).second) << id << " is two nodes' turn";
        EXPECT_EQ(each.to_adopt(20 * s).size(), 90U) << "nobody came: anyone's";
    }
    EXPECT_EQ(taken.size(), 90U);
}

TEST(FleetEntries, AreReadAsTheyWereWritten) {
    NodeEntry node = node_entry("b1", 0.25, 7);
    node.over = node.draining = true;
    node.beat = 1ULL << 60;
    node.time_ms = -5;
    EXPECT_EQ(parse_node(to_text(node)), node);
    RoomClaim room = room_of("näme \"x\"", "i", 4'000'000'000U);
    room.kept_term = 3;
    room.owners = 2;
    room.lost_ms = 5;
    EXPECT_EQ(parse_room(to_text(room)), room);
    for (const char* bad : {"", "{}", "[]", "{", R"({"incarnation":1})", R"({"incarnation":"x","rooms":-1})", R"({"incarnation":"x","over":1})"}) EXPECT_FALSE(parse_node(bad)) << bad;
    for (const char* bad : {"", "{}", R"({"node":"a"})", R"({"node":"a","incarnation":"i","term":4294967296})"}) EXPECT_FALSE(parse_room(bad)) << bad;
}

TEST(FleetEntries, AnyNameIsAKey) {
    for (const std::string& name : {std::string("room-1_A"), std::string("a.b c*>/="), std::string("ü\x01\xff")}) {
        const std::string key = key_of(name);
        EXPECT_EQ(key.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="), std::string::npos) << key;
        EXPECT_EQ(name_of_key(key), name);
    }
    for (const char* bad : {"a.b", "=", "=4", "=GG"}) EXPECT_FALSE(name_of_key(bad)) << bad;
}

}  // namespace
}  // namespace tickrelay
