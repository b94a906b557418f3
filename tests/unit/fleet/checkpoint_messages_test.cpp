#include "relay/fleet/checkpoint_messages.h"

#include <gtest/gtest.h>

namespace tickrelay {
namespace {

CheckpointBytes checkpoint_of(std::size_t bytes) {
    CheckpointBytes made;
    made.id = "room";
    made.term = 7;
    made.made_ms = 1'234'567'890'123;
    made.runs_on = false;
    for (std::size_t i = 0; i < bytes; ++i) made.bytes.push_back(static_cast<std::byte>(i * 31 >> 3));
    return made;
}

TEST(CheckpointMessages, ASmallOneIsItsHead) {
    const CheckpointMessages made = to_messages(checkpoint_of(1'000), 1);
    EXPECT_TRUE(made.parts.empty());
    std::string_view bytes;
    const auto head = parse_head(made.head, bytes);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->made_ms, 1'234'567'890'123);
    EXPECT_FALSE(head->runs_on);
    EXPECT_EQ(head->bytes, 1'000U);
    EXPECT_EQ(bytes.size(), 1'000U);
    EXPECT_EQ(checkpoint_hash(bytes), head->hash);
}

TEST(CheckpointMessages, ALargeOneIsPartsThatEachFitAMessage) {
    const CheckpointBytes checkpoint = checkpoint_of(3 * checkpoint_part_bytes + 5);
    const CheckpointMessages made = to_messages(checkpoint, 1);
    std::string_view bytes;
    const auto head = parse_head(made.head, bytes);
    ASSERT_TRUE(head);
    EXPECT_TRUE(bytes.empty());
    ASSERT_EQ(made.parts.size(), 4U);
    EXPECT_EQ(head->parts, 4U);
    EXPECT_EQ(head->slot, 1U);
    std::string whole;
    for (const std::string& part : made.parts) {
        EXPECT_LE(part.size(), checkpoint_part_bytes);
        whole += part;
    }
    EXPECT_EQ(whole.size(), checkpoint.bytes.size());
    EXPECT_EQ(checkpoint_hash(whole), head->hash);
    whole[9] ^= 1;
    EXPECT_NE(checkpoint_hash(whole), head->hash);
}

TEST(CheckpointMessages, WhatIsNoHeadIsRefused) {
    const std::string good = to_messages(checkpoint_of(10), 0).head;
    std::string_view bytes;
    for (std::size_t length = 0; length < good.size() - 10; ++length) EXPECT_FALSE(parse_head(std::string_view(good).substr(0, length), bytes)) << length;
    EXPECT_FALSE(parse_head("TRC1\xff\xff\xff\xff{}", bytes));
    EXPECT_FALSE(parse_head(std::string_view("TRC1\x02\0\0\0{}", 10), bytes));
}

}  // namespace
}  // namespace tickrelay
