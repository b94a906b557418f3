#include "relay/core/layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

#include "schema/arena_generated.h"
#include "schema_text.h"

namespace tickrelay {
namespace {

std::vector<std::byte> arena() {
    std::ifstream file(ARENA_BFBS, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
    return {bytes, bytes + text.size()};
}

LayoutPointer arena_layout() { return std::get<LayoutPointer>(parse_schema(arena())); }

TEST(Layout, has_the_own_three_components_where_there_is_no_schema) {
    const auto layout = std::get<LayoutPointer>(parse_schema({}));
    ASSERT_EQ(layout->components().size(), 3u);
    const Component& owner = layout->component(owner_component);
    EXPECT_EQ(owner.name, "tickrelay.Owner");
    EXPECT_EQ(owner.bytes, 4);
    ASSERT_EQ(owner.fields.size(), 1u);
    EXPECT_EQ(owner.fields[0].name, "player");
    EXPECT_EQ(owner.fields[0].type, FieldType::UInt32);
    EXPECT_EQ(owner.checked, 0u);
    EXPECT_TRUE(layout->component(player_component).opaque());
    EXPECT_EQ(layout->component(player_component).name, "tickrelay.Player");
    EXPECT_TRUE(layout->component(room_component).opaque());
    EXPECT_EQ(layout->component(room_component).name, "tickrelay.Room");
}

// Worked out by a second program, written from PROTOCOL.md alone.
TEST(Layout, has_the_fingerprints_that_the_protocol_describes) {
    EXPECT_EQ(std::get<LayoutPointer>(parse_schema({}))->fingerprint(), 0xe343985545215b43);
    EXPECT_EQ(arena_layout()->fingerprint(), 0x6f26dda56f3af1fc);
}

TEST(Layout, numbers_the_arena_by_name_after_its_own_three) {
    const auto layout = arena_layout();
    std::vector<std::string> names;
    for (const Component& component : layout->components().subspan(first_schema_component))
        names.push_back(component.name);
    EXPECT_EQ(names, (std::vector<std::string>{"arena.Health", "arena.Name", "arena.Score", "arena.Transform"}));
    EXPECT_EQ(layout->find("arena.Name"), ComponentIndex{4});
    EXPECT_EQ(layout->find("tickrelay.Room"), room_component);
    EXPECT_EQ(layout->find("arena.Vec3"), std::nullopt);
    EXPECT_TRUE(layout->component(4).opaque());
    EXPECT_TRUE(layout->component(5).player);
    EXPECT_FALSE(layout->component(6).player);
}

TEST(Layout, agrees_with_the_offsets_of_generated_code) {
    const auto layout = arena_layout();
    const Component& transform = layout->component(*layout->find("arena.Transform"));
    ASSERT_EQ(transform.bytes, sizeof(arena::Transform));
    const arena::Transform value(arena::Vec3(1, 2, 3), 4);
    std::vector<float> seen;
    for (const Field& field : transform.fields) {
        float number = 0;
        std::memcpy(&number, reinterpret_cast<const std::byte*>(&value) + field.offset, sizeof number);
        seen.push_back(number);
    }
    EXPECT_EQ(seen, (std::vector<float>{1, 2, 3, 4}));
}

TEST(Layout, knows_the_packed_size_of_any_mask) {
    const auto layout = test::layout_of("struct S { a: byte; b: double; c: ushort; d: [int:3]; }");
    const Component& component = layout->component(first_schema_component);
    EXPECT_EQ(component.all(), 0x3fu);
    EXPECT_EQ(component.mask_bytes(), 1u);
    EXPECT_FALSE(component.unpadded);
    EXPECT_EQ(component.packed_bytes(component.all()), 1u + 8 + 2 + 12);
    EXPECT_EQ(component.packed_bytes(0b001011), 1u + 8 + 4);
    EXPECT_EQ(component.packed_bytes(0), 0u);
}

TEST(Layout, holds_a_full_mask_of_sixty_four_fields) {
    const auto layout = test::layout_of("struct S { v: [float:64]; }");
    const Component& component = layout->component(first_schema_component);
    EXPECT_EQ(component.all(), ~0ULL);
    EXPECT_EQ(component.mask_bytes(), 8u);
    EXPECT_TRUE(component.unpadded);
    EXPECT_EQ(component.packed_bytes(~0ULL), 256u);
    EXPECT_EQ(component.packed_bytes(1ULL << 63), 4u);
}

TEST(Layout, is_checked_only_where_bytes_can_be_wrong) {
    const auto layout = test::layout_of("struct S { a: int; b: int (max: 9); c: float; d: bool; e: ulong; }");
    EXPECT_EQ(layout->component(first_schema_component).checked, 0b01110u);
}

TEST(Layout, changes_its_fingerprint_with_anything_a_client_must_know) {
    std::vector<std::uint64_t> seen;
    for (const char* text :
         {"struct S { a: int; }", "struct S { b: int; }", "struct T { a: int; }", "struct S { a: uint; }",
          "struct S (player) { a: int; }", "struct S { a: int (max: 3); }", "struct S { a: int; b: int; }",
          "struct S { a: float; }", "struct S { a: float (precision: 1); }", "table S { a: int; }"})
        seen.push_back(test::layout_of(text)->fingerprint());
    std::ranges::sort(seen);
    EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end());
}

TEST(Layout, keeps_its_fingerprint_over_comments_enums_and_attributes_of_others) {
    EXPECT_EQ(test::layout_of("struct S { a: int; }")->fingerprint(),
              test::layout_of("attribute \"mine\";\n/// said\nenum E : int { x } struct S { a: E (mine: 2); }")
                  ->fingerprint());
}

}  // namespace
}  // namespace tickrelay
