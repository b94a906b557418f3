#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "schema_text.h"

namespace tickrelay {
namespace {

struct Expected {
    std::string name;
    FieldType type;
    std::size_t offset;
};

struct Shape {
    std::string type;  // as written in a schema
    std::vector<Expected> fields;
    std::size_t bytes = 0, align = 1;
};

Shape scalar(std::mt19937& random) {
    static constexpr struct {
        const char* name;
        FieldType type;
    } scalars[] = {
        {"bool", FieldType::Bool},     {"byte", FieldType::Int8},      {"ubyte", FieldType::UInt8},
        {"short", FieldType::Int16},   {"ushort", FieldType::UInt16},  {"int", FieldType::Int32},
        {"uint", FieldType::UInt32},   {"long", FieldType::Int64},     {"ulong", FieldType::UInt64},
        {"float", FieldType::Float32}, {"double", FieldType::Float64},
    };
    const auto& chosen = scalars[random() % std::size(scalars)];
    const std::size_t width = width_of(chosen.type);
    return {.type = chosen.name, .fields = {{"", chosen.type, 0}}, .bytes = width, .align = width};
}

void round_up(std::size_t& bytes, std::size_t align) { bytes = (bytes + align - 1) / align * align; }

// Lays the field out as C does, beside the text that FlatBuffers' own parser reads.
void append(Shape& to, std::string& text, const std::string& name, const Shape& inner, std::size_t length) {
    text += ' ' + name + ": " + (length > 0 ? '[' + inner.type + ':' + std::to_string(length) + ']' : inner.type) + ';';
    round_up(to.bytes, inner.align);
    to.align = std::max(to.align, inner.align);
    for (std::size_t i = 0; i < std::max<std::size_t>(length, 1); ++i) {
        const std::string element = length > 0 ? name + '[' + std::to_string(i) + ']' : name;
        for (const Expected& field : inner.fields) {
            to.fields.push_back(
                {field.name.empty() ? element : element + '.' + field.name, field.type, to.bytes + field.offset});
        }
        to.bytes += inner.bytes;
    }
}

// Structs, each with the one before it inside: the last alone is a component.
Shape random_schema(std::mt19937& random, std::string& text) {
    std::vector<Shape> structs;
    for (std::size_t i = 0, count = 1 + random() % 4; i < count; ++i) {
        Shape made{.type = 'S' + std::to_string(i), .fields = {}};
        text += "struct " + made.type + " {";
        for (std::size_t f = 0, fields = 1 + random() % 5; f < fields; ++f) {
            const std::string name = std::string(1, static_cast<char>('z' - random() % 26)) + std::to_string(f);
            const bool nested = i > 0 && (f == 0 || random() % 4 == 0);
            const Shape inner = nested ? structs[f == 0 ? i - 1 : random() % i] : scalar(random);
            append(made, text, name, inner, random() % 3);
        }
        round_up(made.bytes, made.align);
        text += " }\n";
        structs.push_back(made);
    }
    return structs.back();
}

TEST(Schema, lays_random_structs_out_as_c_does) {
    std::size_t accepted = 0;
    for (unsigned seed = 0; seed < 2000; ++seed) {
        std::mt19937 random(seed);
        std::string text;
        const Shape expected = random_schema(random, text);
        const auto parsed = test::parse_text(text);
        if (expected.fields.size() > 64 || expected.bytes > 1024) {
            EXPECT_TRUE(std::holds_alternative<std::string>(parsed)) << text;
            continue;
        }
        ASSERT_TRUE(std::holds_alternative<LayoutPointer>(parsed)) << std::get<std::string>(parsed) << '\n' << text;
        const Layout& layout = *std::get<LayoutPointer>(parsed);
        ASSERT_EQ(layout.components().size(), 4u) << text;
        const Component& component = layout.component(first_schema_component);
        ASSERT_EQ(component.bytes, expected.bytes) << text;
        ASSERT_EQ(component.fields.size(), expected.fields.size()) << text;
        for (std::size_t i = 0; i < expected.fields.size(); ++i) {
            ASSERT_EQ(component.fields[i].name, expected.fields[i].name) << text;
            ASSERT_EQ(component.fields[i].type, expected.fields[i].type) << text;
            ASSERT_EQ(component.fields[i].offset, expected.fields[i].offset) << text;
        }
        ++accepted;
    }
    EXPECT_GT(accepted, 1000u);
}

}  // namespace
}  // namespace tickrelay
