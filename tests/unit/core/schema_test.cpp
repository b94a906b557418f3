#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <stdexcept>

#include "schema_text.h"

namespace tickrelay {
namespace {

using test::error_of;
using test::layout_of;

const Field& field_of(const LayoutPointer& layout, std::string_view component, std::string_view name) {
    for (const Field& field : layout->component(layout->find(component).value()).fields) {
        if (field.name == name) return field;
    }
    throw std::out_of_range(std::string(name));
}

TEST(Schema, flattens_nested_structs_and_arrays_in_memory_order) {
    const auto layout = layout_of(
        "namespace a.b; struct Leaf { z: byte; y: double; }"
        "struct Top { one: bool; leaves: [Leaf:2]; last: [short:2]; }");
    const Component& top = layout->component(first_schema_component);
    EXPECT_EQ(top.name, "a.b.Top");
    EXPECT_EQ(top.bytes, 48);
    std::string seen;
    for (const Field& field : top.fields) seen += field.name + '@' + std::to_string(field.offset) + ' ';
    EXPECT_EQ(seen, "one@0 leaves[0].z@8 leaves[0].y@16 leaves[1].z@24 leaves[1].y@32 last[0]@40 last[1]@42 ");
}

TEST(Schema, gives_enums_their_base_type) {
    const auto layout =
        layout_of("enum E : ushort { x, y } enum F : byte (bit_flags) { p, q } struct S { a: E; b: F; c: [E:2]; }");
    EXPECT_EQ(field_of(layout, "S", "a").type, FieldType::UInt16);
    EXPECT_EQ(field_of(layout, "S", "b").type, FieldType::Int8);
    EXPECT_EQ(field_of(layout, "S", "c[1]").type, FieldType::UInt16);
}

TEST(Schema, takes_what_nothing_refers_to_as_a_component) {
    const auto layout = layout_of(
        "struct Inner { a: int; } struct Listed { a: int; } table Member { a: int; } table Part { a: int; }"
        "union Choice { Member } struct Alone { i: Inner; } table Whole { l: [Listed]; c: Choice; p: Part; w: [Whole]; "
        "}");
    std::string seen;
    for (const Component& component : layout->components().subspan(first_schema_component))
        seen += component.name + ' ';
    EXPECT_EQ(seen, "Alone Whole ");
}

TEST(Schema, takes_the_root_table_as_a_component_even_if_something_refers_to_it) {
    EXPECT_TRUE(layout_of("table A { b: B; } table B { x: int; } root_type B;")->find("B").has_value());
    EXPECT_FALSE(layout_of("table A { b: B; } table B { x: int; } root_type A;")->find("B").has_value());
}

TEST(Schema, inherits_attributes_and_lets_a_fields_own_go_first) {
    const auto layout = layout_of(
        "struct V { x: float; y: float (precision: \"0.5\"); }"
        "struct S { v: [V:2] (precision: \"0.25\", min: -8, max: 8); u: V; }");
    EXPECT_EQ(field_of(layout, "S", "v[1].x").precision, 0.25);
    EXPECT_EQ(field_of(layout, "S", "v[1].y").precision, 0.5);
    EXPECT_EQ(field_of(layout, "S", "v[1].y").min, -8);
    EXPECT_EQ(field_of(layout, "S", "u.x").flags, FieldFlags{});
    EXPECT_EQ(field_of(layout, "S", "u.y").flags, FieldFlags::Quantised);
}

TEST(Schema, marks_positions_quaternions_and_players) {
    const auto layout = layout_of(
        "struct V { x: float; y: float; } struct Q { x: float; y: float; z: float; w: float; }"
        "struct A (player) { v: V (position, precision: \"0.25\"); q: Q (quat); }"
        "struct B { q: [float:4] (quat); } struct C { x: float (quat); y: float (quat); z: float (quat); w: float "
        "(quat); }");
    EXPECT_TRUE(layout->component(*layout->find("A")).player);
    EXPECT_FALSE(layout->component(*layout->find("B")).player);
    EXPECT_TRUE(field_of(layout, "A", "v.y").has(FieldFlags::Position));
    EXPECT_EQ(field_of(layout, "A", "v.y").precision, 0.25);
    EXPECT_FALSE(field_of(layout, "A", "q.x").has(FieldFlags::Position));
    for (const char* name : {"q.x", "q.y", "q.z", "q.w"})
        EXPECT_TRUE(field_of(layout, "A", name).has(FieldFlags::Quat));
    EXPECT_TRUE(field_of(layout, "B", "q[3]").has(FieldFlags::Quat));
    EXPECT_TRUE(field_of(layout, "C", "w").has(FieldFlags::Quat));
    EXPECT_EQ(layout->component(*layout->find("A")).quats, 0b100U);
    EXPECT_EQ(layout->component(*layout->find("B")).quats, 1U);
}

TEST(Schema, gives_every_quaternion_steps) {
    const auto layout = layout_of(
        "struct Q { x: float; y: float; z: float; w: float; } struct S { a: Q (quat); b: Q (quat, precision: \"0.02\"); c: [float:8] (quat); }");
    const Component& component = layout->component(first_schema_component);
    for (std::size_t i = 0; i < 16; ++i) {
        EXPECT_TRUE(component.fields[i].has(FieldFlags::Quantised) && component.fields[i].has(FieldFlags::Quat)) << i;
        EXPECT_EQ(component.fields[i].precision, i / 4 == 1 ? 0.02 : 0.001) << i;
    }
    EXPECT_EQ(component.quats, 0x1111U);
    for (std::size_t i = 0; i < 16; ++i) {
        float zero = -1;
        std::memcpy(&zero, component.zero.data() + 4 * i, sizeof zero);
        EXPECT_EQ(zero, i % 4 == 3 ? 1 : 0) << i;
    }
}

TEST(Schema, gives_angles_a_turn_that_is_exact_in_float32) {
    const auto layout =
        layout_of("struct S { a: float (angle); b: float (angle, min: 0, max: 360, precision: \"0.5\"); }");
    const Field& a = field_of(layout, "S", "a");
    EXPECT_EQ(a.max, static_cast<double>(static_cast<float>(M_PI)));
    EXPECT_EQ(a.min, -a.max);
    EXPECT_TRUE(a.has(FieldFlags::Ranged) && a.has(FieldFlags::Angle) && !a.has(FieldFlags::Quantised));
    EXPECT_EQ(field_of(layout, "S", "b").max, 360);
}

TEST(Schema, fills_in_the_side_of_a_range_that_is_left_out) {
    const auto layout = layout_of("struct S { a: byte (min: 0); b: float (max: 1); c: ulong (min: 5); }");
    EXPECT_EQ(field_of(layout, "S", "a").max, 127);
    EXPECT_EQ(field_of(layout, "S", "b").min, -static_cast<double>(FLT_MAX));
    EXPECT_EQ(field_of(layout, "S", "c").max, 18446744073709551616.0);
}

TEST(Schema, says_what_is_wrong_and_where) {
    const std::pair<const char*, const char*> wrong[] = {
        {"struct S { a: int (precision: 1); }", "S.a: precision is for float and double fields"},
        {"namespace n; struct V { i: int; } struct S { v: V (precision: 1); }",
         "n.S.v.i: precision is for float and double fields"},
        {"struct S { a: float (precision: 0); }", "S.a: precision is not above 0"},
        {"struct S { a: float (precision: -1); }", "S.a: precision is not above 0"},
        {"struct S { a: float (precision: \"1e30\"); }", "S.a: precision is too large"},
        {"struct S { a: float (precision: \"fine\"); }", "S.a: precision is no number: \"fine\""},
        {"struct S { a: float (min: \"nan\"); }", "S.a: min is no number: \"nan\""},
        {"struct S { a: float (max: \"1,5\"); }", "S.a: max is no number: \"1,5\""},
        {"struct S { a: float (max: \"\"); }", "S.a: max is no number: \"\""},
        {"struct S { a: float (max: \"1e999\"); }", "S.a: max is no number: \"1e999\""},
        {"struct S { a: float (min: 2, max: 1); }", "S.a: min is above max"},
        {"struct S { a: float (max: \"1e39\"); }", "S.a: min or max is beyond what the type holds"},
        {"struct S { a: ubyte (max: 256); }", "S.a: min or max is beyond what the type holds"},
        {"struct S { a: ubyte (min: -1); }", "S.a: min or max is beyond what the type holds"},
        {"struct S { a: int (min: \"0.5\"); }", "S.a: min or max of an integer has a fraction"},
        {"struct S { a: long (max: \"9007199254740994\"); }", "S.a: min or max of an integer is beyond 2^53"},
        {"struct S { a: bool (max: 1); }", "S.a: min and max are for numbers"},
        {"struct S { a: float (min: 0, precision: 1); }", "S.a: precision with one of min and max needs the other"},
        {"struct S { a: float (min: 0, max: 1000, precision: \"0.0000001\"); }",
         "S.a: max - min is more than 2^31 steps of precision"},
        {"struct S { a: double (angle); }", "S.a: angle is for float fields"},
        {"struct S { a: float (angle, min: 1, max: 1); }", "S.a: an angle's min and max are the same"},
        {"struct S { a: float (quat); b: float (quat); c: float (quat); }", "S.c: quat is not on four floats"},
        {"struct S { a: [float:3] (quat); b: float; }", "S.b: quat before it is not on four floats"},
        {"struct S { a: [double:4] (quat); }", "S.a[0]: quat is for float fields"},
        {"struct S { a: [float:4] (quat, precision: \"0.2\"); }", "S.a[0]: precision of a quat is 0.000001 to 0.1"},
        {"struct S { a: [float:4] (quat, precision: \"1e-7\"); }", "S.a[0]: precision of a quat is 0.000001 to 0.1"},
        {"struct S { a: [float:4] (quat, min: 0, max: 1); }", "S.a[0]: a quat takes precision, and neither a range nor angle"},
        {"struct S { a: [float:4] (quat, angle); }", "S.a[0]: a quat takes precision, and neither a range nor angle"},
        {"struct S { a: float (quat); b: float (quat); c: float (quat, precision: \"0.01\"); d: float (quat); }",
         "S: the four fields of a quat have different precisions"},
        {"struct S { a: [float:4] (position); }", "S: position is on more than three fields"},
        {"struct S { a: int (player); }", "S.a: player belongs on a component, not on a field"},
        {"struct S (precision: 1) { a: float; }", "S: precision belongs on a field"},
        {"struct V (player) { a: int; } struct S { v: V; }",
         "V: player, but other types refer to it: it is no component"},
        {"struct S { a: [int:65]; }", "S: more than 64 fields"},
        {"struct V { a: [double:40]; } struct S { v: [V:4]; }", "S: more than 1024 bytes"},
        {"namespace tickrelay; struct Owner { a: int; }",
         "tickrelay.Owner: two types have this name, or it is tickrelay's own"},
    };
    for (const auto& [text, expected] : wrong) EXPECT_EQ(error_of(text), expected) << text;
}

TEST(Schema, counts_components) {
    std::string text;
    for (int i = 0; i < 61; ++i) text += "table T" + std::to_string(i) + " { a: int; }";
    EXPECT_EQ(layout_of(text)->components().size(), 64u);
    EXPECT_EQ(error_of(text + "table Z { a: int; }"), "Z: one component too many: at most 61");
}

TEST(Schema, bounds_the_length_of_flattened_names) {
    const std::string half(64, 'n');
    EXPECT_EQ(error_of("struct V { " + half + ": int; } struct S { " + half.substr(1) + ": V; }"), "");
    EXPECT_NE(error_of("struct V { " + half + ": int; } struct S { " + half + ": V; }").find("more than 128 bytes"),
              std::string::npos);
}

}  // namespace
}  // namespace tickrelay
