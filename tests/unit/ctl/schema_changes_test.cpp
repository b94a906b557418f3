#include "tools/ctl/schema_changes.h"

#include <gtest/gtest.h>

#include "tests/unit/core/schema_text.h"

namespace tickrelay::ctl {
namespace {

using Texts = std::vector<std::string>;

SchemaChanges changes_of(const std::string& before, const std::string& after) {
    SchemaChanges changes;
    const auto old_bytes = test::binary_schema(before), new_bytes = test::binary_schema(after);
    compare_components(*test::layout_of(before), *test::layout_of(after), changes);
    compare_types(old_bytes, new_bytes, changes);
    return changes;
}

void expect_additive(const std::string& before, const std::string& after, const Texts& additive) {
    const SchemaChanges changes = changes_of(before, after);
    EXPECT_EQ(changes.additive, additive) << before << '\n' << after;
    EXPECT_EQ(changes.breaking, Texts{}) << before << '\n' << after;
}

void expect_breaking(const std::string& before, const std::string& after, const Texts& breaking) {
    EXPECT_EQ(changes_of(before, after).breaking, breaking) << before << '\n' << after;
}

TEST(SchemaChanges, fields_and_components_are_added_at_the_end) {
    expect_additive("struct S { a: int; }", "struct S { a: int; b: float; q: [float:4] (quat); } struct T { c: bool; }",
                    {"S.b is new, at the end", "S.q[0] is new, at the end", "S.q[1] is new, at the end", "S.q[2] is new, at the end",
                     "S.q[3] is new, at the end", "T is new"});
    expect_breaking("struct S { a: int; b: int; }", "struct S { a: int; c: int; b: int; }",
                    {"S.b is now c: fields may only be added at the end"});
    expect_breaking("struct S { a: int; b: int; } struct T { c: int; }", "struct S { a: int; }", {"S.b is gone", "T is gone"});
}

TEST(SchemaChanges, a_field_in_old_padding_would_be_written_over) {
    expect_breaking("struct S { a: double; b: float; }", "struct S { a: double; b: float; c: float; }",
                    {"S.c is new in what was padding: programs with the old schema would write over it. Put it behind byte 16"});
    expect_breaking("struct S { a: short; b: byte; }", "struct S { a: short; b: byte; c: bool; d: int; }",
                    {"S.c is new in what was padding: programs with the old schema would write over it. Put it behind byte 4"});
    expect_additive("struct S { a: double; b: float; }", "struct S { a: double; b: float; c: double; }", {"S.c is new, at the end"});
}

TEST(SchemaChanges, a_nested_struct_grows_at_the_end_of_its_component_only) {
    expect_additive("struct V { x: float; y: float; } struct S { a: int; v: V; }",
                    "struct V { x: float; y: float; z: float; } struct S { a: int; v: V; }", {"S.v.z is new, at the end"});
    expect_breaking("struct V { x: float; } struct S { v: V; a: float; }", "struct V { x: float; y: float; } struct S { v: V; a: float; }",
                    {"S.a is now v.y: fields may only be added at the end"});
}

TEST(SchemaChanges, name_what_a_field_was_and_is) {
    expect_breaking("struct S { a: [float:4]; }", "struct S { a: [float:4] (quat); }",
                    {"S.a[0] is now part of a quat", "S.a[1] is now part of a quat", "S.a[2] is now part of a quat",
                     "S.a[3] is now part of a quat"});
    expect_breaking("struct S { q: [float:4] (quat); }", "struct S { q: [float:4] (quat, precision: \"0.01\"); }",
                    {"S.q[0] changes its precision from 0.001 to 0.01", "S.q[1] changes its precision from 0.001 to 0.01",
                     "S.q[2] changes its precision from 0.001 to 0.01", "S.q[3] changes its precision from 0.001 to 0.01"});
    expect_breaking("struct S { a: float (angle); }", "struct S { a: float; }", {"S.a is no longer an angle"});
    expect_breaking("struct S { a: float; b: float (angle); }",
                    "struct S { a: float (precision: \"0.5\"); b: float (angle, min: 0, max: 360); }",
                    {"S.a changes its precision from none to 0.5", "S.b changes its range from [-3.1415927410125732, 3.1415927410125732] to [0.0, 360.0]"});
    expect_breaking("struct S { a: int; b: int; }", "struct S { a: uint; b: int (max: 5); }",
                    {"S.a changes its type from Int32 to UInt32", "S.b changes its range from none to [-2147483648.0, 5.0]"});
    expect_additive("struct S { a: float; }", "struct S { a: float (position); }", {"S.a is now a position: only views look at it"});
    expect_additive("struct S { q: [float:4] (quat); }", "struct S { q: [float:4] (quat, precision: \"0.001\"); }", {});
}

TEST(SchemaChanges, enums_grow_and_keep_their_numbers) {
    expect_additive("enum Kind: ubyte { a, b } struct S { k: Kind; }", "enum Kind: ubyte { a, b, c } struct S { k: Kind; }",
                    {"Kind.c is new: older programs see a number that they do not know"});
    expect_breaking("enum Kind: ubyte { a, b, c } struct S { k: Kind; }", "enum Kind: ubyte { a, c } struct S { k: Kind; }",
                    {"Kind.b is gone", "Kind.c was 2 and is 1"});
    expect_breaking("enum Kind: ubyte { a } struct S { k: Kind; }", "enum Kind: ushort { a } struct S { k: Kind; }",
                    {"S.k changes its type from UInt8 to UInt16"});
}

TEST(SchemaChanges, tables_grow_as_flatbuffers_lets_them) {
    expect_additive("table T { a: int; b: string; }", "table T { a: int; b: string; c: [ubyte]; }", {"T.c is new"});
    expect_breaking("table T { a: int; b: string; }", "table T { b: string; a: long; c: string (required); }",
                    {"T.a changes its place in the table: fields may only be added at the end",
                     "T.b changes its place in the table: fields may only be added at the end",
                     "T.c is new and required: older programs do not write it"});
    expect_breaking("table T { a: int; b: int; }", "table T { a: int; }", {"T.b is gone: mark it deprecated instead"});
    expect_additive("table T { a: int; b: int; }", "table T { a: int; b: int (deprecated); }", {});
    expect_breaking("table T { a: int; b: [int]; }", "table T { a: float; b: [short]; }", {"T.a changes its type", "T.b changes its type"});
    expect_breaking("struct V { x: float; } table T { v: [V]; }", "struct V { x: float; y: float; } table T { v: [V]; }",
                    {"T.v changes its type"});
    expect_additive("struct V { x: float; } table U { v: V; } table T { u: U; }",
                    "struct V { x: float; } table U { v: V; w: V; } table T { u: U; }", {"U.w is new"});
}

}  // namespace
}  // namespace tickrelay::ctl
