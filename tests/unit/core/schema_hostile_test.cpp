// A .bfbs comes from whoever may spawn a room. Run under AddressSanitizer this shows that none of them does harm.
#include <flatbuffers/reflection.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "relay/core/limits.h"
#include "schema_text.h"

namespace tickrelay {
namespace {

std::vector<std::byte> rich_schema() {
    return test::binary_schema(
        "namespace a; enum E : short { x, y } union U { T, V } struct Q { x: float; y: float; z: float; w: float; }"
        "struct P { x: float (precision: \"0.01\", min: -9, max: 9); y: [ubyte:3]; }"
        "struct S (player) { p: [P:2] (position: 1); q: Q (quat); a: float (angle); e: E; } "
        "struct R { p: [P:2]; q: Q (quat); a: float (angle, precision: \"0.001\"); e: E; }"
        "table T { n: string; u: U; l: [T]; } table V { t: T; } root_type V;");
}

std::string error_of(std::span<const std::byte> bytes) {
    auto parsed = parse_schema(bytes);
    auto* error = std::get_if<std::string>(&parsed);
    return error == nullptr ? "" : *error;
}

// Any answer is right that is whole: a sentence, or a layout within the limits.
void check_answer(std::span<const std::byte> bytes) {
    const auto parsed = parse_schema(bytes);
    if (const auto* error = std::get_if<std::string>(&parsed)) {
        ASSERT_NE(error->find(": "), std::string::npos) << *error;
        ASSERT_LT(error->size(), 600u);
        return;
    }
    for (const Component& component : std::get<LayoutPointer>(parsed)->components()) {
        ASSERT_LE(component.fields.size(), limits::fields_max);
        for (const Field& field : component.fields) ASSERT_LE(field.offset + field.width(), component.bytes);
    }
}

TEST(HostileSchema, is_refused_at_any_truncation) {
    const auto whole = rich_schema();
    for (std::size_t size = 1; size < whole.size(); ++size) {
        const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        check_answer(cut);
    }
}

TEST(HostileSchema, survives_every_single_bit_flipped) {
    auto bytes = rich_schema();
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] ^= std::byte{1} << (bit % 8);
        check_answer(bytes);
        bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    }
}

TEST(HostileSchema, survives_random_bytes_and_copied_blocks) {
    const auto whole = rich_schema();
    std::mt19937 random(7);
    for (int round = 0; round < 20'000; ++round) {
        auto bytes = whole;
        for (unsigned i = 0, count = 1 + random() % 4; i < count; ++i) {
            const std::size_t at = random() % (bytes.size() - 8), from = random() % (bytes.size() - 8);
            if (random() % 2 == 0)
                bytes[at] = static_cast<std::byte>(random() % 3 == 0 ? 0xff : random());
            else
                std::memcpy(&bytes[at], std::vector<std::byte>(&bytes[from], &bytes[from] + 4).data(), 4);
        }
        check_answer(bytes);
    }
}

TEST(HostileSchema, need_not_lie_aligned_in_memory) {
    const auto whole = rich_schema();
    std::vector<std::byte> shifted(whole.size() + 1);
    std::memcpy(shifted.data() + 1, whole.data(), whole.size());
    check_answer({shifted.data() + 1, whole.size()});
}

TEST(HostileSchema, is_refused_above_the_size_limit_before_it_is_read) {
    EXPECT_EQ(error_of(std::vector<std::byte>(limits::schema_bytes_max + 1)), "schema: more than 256 KiB");
}

// What no compiler writes, made by hand.
struct Forged {
    std::string name;
    std::int32_t bytes = 4;
    struct Member {
        std::string name;
        reflection::BaseType base = reflection::Int;
        std::int32_t index = -1;
        std::uint16_t offset = 0;
        reflection::BaseType element = reflection::None;
        std::uint16_t length = 0;
    };
    std::vector<Member> members;
    bool is_struct = true;
};

std::string error_of_forged(const std::vector<Forged>& objects) {
    flatbuffers::FlatBufferBuilder builder;
    std::vector<flatbuffers::Offset<reflection::Object>> made;
    for (const Forged& object : objects) {
        std::vector<flatbuffers::Offset<reflection::Field>> fields;
        for (const Forged::Member& member : object.members) {
            const auto type = reflection::CreateType(builder, member.base, member.element, member.index, member.length);
            fields.push_back(
                reflection::CreateField(builder, builder.CreateString(member.name), type, 0, member.offset));
        }
        const auto name = builder.CreateString(object.name);
        made.push_back(
            reflection::CreateObject(builder, name, builder.CreateVector(fields), object.is_struct, 4, object.bytes));
    }
    const auto enums = builder.CreateVector(std::vector<flatbuffers::Offset<reflection::Enum>>());
    reflection::FinishSchemaBuffer(builder, reflection::CreateSchema(builder, builder.CreateVector(made), enums));
    return error_of(std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize())));
}

using Member = Forged::Member;

TEST(HostileSchema, with_structs_in_a_circle_is_refused) {
    const Member other{"next", reflection::Obj, 1};
    const Member back{"back", reflection::Obj, 0};
    const Member entry{"entry", reflection::Obj, 0};
    const std::string error = error_of_forged({{"A", 4, {other}}, {"B", 4, {back}}, {"C", 4, {entry}}});
    EXPECT_NE(error.find("C.entry.next.back"), std::string::npos) << error;
    EXPECT_NE(error.find("in a circle"), std::string::npos) << error;
    EXPECT_NE(error_of_forged({{"A", 4, {{"self", reflection::Obj, 0}}}}).find("in a circle"), std::string::npos);
}

TEST(HostileSchema, with_fields_outside_their_struct_is_refused) {
    EXPECT_EQ(error_of_forged({{"S", 4, {{"a", reflection::Int, -1, 1}}}}), "S.a: reaches beyond its struct");
    EXPECT_EQ(error_of_forged({{"S", 4, {{"a", reflection::Int, -1, 65535}}}}), "S.a: reaches beyond its struct");
    EXPECT_EQ(error_of_forged({{"S", 8, {{"a", reflection::Int, -1, 0}, {"b", reflection::Int, -1, 2}}}}),
              "S.b: overlaps the field before it");
    EXPECT_EQ(error_of_forged({{"S", 8, {{"a", reflection::Array, -1, 0, reflection::Int, 65535}}}}),
              "S.a: reaches beyond its struct");
    EXPECT_EQ(error_of_forged({{"S", 4, {{"v", reflection::Obj, 1}}}, {"V", 1'000'000'000, {{"a", reflection::Int}}}}),
              "S.v: reaches beyond its struct");
}

TEST(HostileSchema, with_impossible_sizes_and_counts_is_refused) {
    EXPECT_EQ(error_of_forged({{"S", 0, {{"a"}}}}), "S: a struct without fields");
    EXPECT_EQ(error_of_forged({{"S", -4, {{"a"}}}}), "S: a struct without fields");
    EXPECT_EQ(error_of_forged({{"S", 2'000'000'000, {{"a"}}}}), "S: more than 1024 bytes");
    EXPECT_EQ(error_of_forged({{"S", 4, {}}}), "S: more fields than bytes, or none");
    EXPECT_EQ(error_of_forged({{"S", 4, {{"a", reflection::Array, -1, 0, reflection::Int, 0}}}}),
              "S.a: an array without elements");
    EXPECT_EQ(error_of_forged(std::vector<Forged>(5000, {"T", 0, {}, false})), "schema: more than 4096 types");
}

TEST(HostileSchema, with_types_that_are_not_there_is_refused) {
    const std::string no_value = "S.a: only bool, numbers, enums, structs and arrays of those";
    EXPECT_EQ(error_of_forged({{"S", 4, {{"a", reflection::Obj, 7}}}}), "S: refers to a type that is not there");
    EXPECT_EQ(error_of_forged({{"S", 4, {{"a", reflection::Obj, -2}}}}), "S: refers to a type that is not there");
    EXPECT_EQ(error_of_forged({{"S", 4, {{"a", reflection::String}}}}), no_value);
    EXPECT_EQ(error_of_forged({{"S", 4, {{"a", static_cast<reflection::BaseType>(30)}}}}), no_value);
    EXPECT_EQ(error_of_forged({{"S", 4, {{"a", reflection::Array, -1, 0, reflection::Array, 1}}}}), no_value);
    EXPECT_EQ(error_of_forged({{"S", 4, {{"a", reflection::Vector, -1, 0, reflection::Int}}}}), no_value);
    EXPECT_EQ(error_of_forged({{"S", 8, {{"t", reflection::Obj, 1}}}, {"T", 8, {{"a"}}, false}}),
              "S.t: a table inside a struct");
}

TEST(HostileSchema, with_names_that_are_none_or_double_is_refused) {
    const std::string no_type = "schema: a type's name is no identifier or is over 128 bytes";
    const std::string no_field = "S: a field's name is no identifier or is over 128 bytes";
    for (const std::string& name : {std::string(""), std::string("a b"), std::string("a\0b", 3), std::string("1a"),
                                    std::string("a."), std::string(".a"), std::string("a..b"), std::string(129, 'a')}) {
        EXPECT_EQ(error_of_forged({{name, 4, {{"a"}}}}), no_type) << name;
        EXPECT_EQ(error_of_forged({{"S", 4, {{name}}}}), no_field) << name;
    }
    EXPECT_EQ(error_of_forged({{"S", 4, {{"a.b"}}}}), no_field);
    EXPECT_EQ(error_of_forged({{"S", 4, {{"a"}}}, {"S", 4, {{"b"}}}}),
              "S: two types have this name, or it is tickrelay's own");
    EXPECT_EQ(error_of_forged({{"S", 8, {{"a"}, {"a", reflection::Int, -1, 4}}}}), "S.a: two fields have this name");
}

}  // namespace
}  // namespace tickrelay
