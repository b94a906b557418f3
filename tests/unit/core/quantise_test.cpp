#include "relay/core/quantise.h"

#include <gtest/gtest.h>

#include <bit>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <random>

#include "schema_text.h"

namespace tickrelay {
namespace {

Field field_of(const std::string& type) {
    return test::layout_of("struct S { a: " + type + "; }")->component(first_schema_component).fields[0];
}

template <class T>
struct Outcome {
    bool taken;
    T value;
    bool clamped;
    friend bool operator==(const Outcome&, const Outcome&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Outcome& o) {
        return out << (o.taken ? "taken " : "refused ") << +o.value << (o.clamped ? " clamped" : "");
    }
};

template <class T>
Outcome<T> outcome(const Field& field, T value) {
    Outcome<T> result{false, value, false};
    result.taken = quantise(field, reinterpret_cast<std::byte*>(&result.value), result.clamped);
    return result;
}

template <class T>
Outcome<T> taken(T value) {
    return {true, value, false};
}
template <class T>
Outcome<T> clamped(T value) {
    return {true, value, true};
}

constexpr float infinity = std::numeric_limits<float>::infinity();

TEST(Quantise, refuses_nan_and_infinity_in_every_float) {
    for (const char* type : {"float", "float (precision: 1)", "float (min: 0, max: 1)", "float (angle)"}) {
        const Field field = field_of(type);
        for (float bad : {infinity, -infinity, std::nanf("")}) EXPECT_FALSE(outcome(field, bad).taken) << type;
    }
    EXPECT_FALSE(outcome(field_of("double"), std::nan("")).taken);
}

TEST(Quantise, leaves_a_plain_float_to_the_bit) {
    for (float value : {0.1F, -0.0F, FLT_MAX, FLT_TRUE_MIN}) {
        EXPECT_EQ(std::bit_cast<std::uint32_t>(outcome(field_of("float"), value).value),
                  std::bit_cast<std::uint32_t>(value));
    }
}

TEST(Quantise, rounds_to_the_nearest_step_and_halves_up) {
    const Field field = field_of("float (precision: \"0.5\")");
    EXPECT_EQ(outcome(field, 1.24F), taken(1.0F));
    EXPECT_EQ(outcome(field, 1.25F), taken(1.5F));
    EXPECT_EQ(outcome(field, -1.25F), taken(-1.0F));
    EXPECT_EQ(outcome(field, -1.26F), taken(-1.5F));
    EXPECT_FALSE(std::signbit(outcome(field, -0.0F).value));
}

TEST(Quantise, counts_steps_from_the_minimum) {
    const Field field = field_of("float (precision: 2, min: 1, max: 8)");
    EXPECT_EQ(outcome(field, 1.9F), taken(1.0F));
    EXPECT_EQ(outcome(field, 2.0F), taken(3.0F));
    EXPECT_EQ(outcome(field, 0.0F), clamped(1.0F));
    EXPECT_EQ(outcome(field, 8.0F), taken(9.0F));  // the nearest step, above max
    EXPECT_EQ(outcome(field, 9.0F), taken(9.0F));  // the value stays: nothing to count
    EXPECT_EQ(outcome(field, 1e30F), clamped(9.0F));
}

TEST(Quantise, works_in_double_and_rounds_once) {
    const Field field = field_of("float (precision: \"0.001\", min: -1000, max: 1000)");
    for (float x : {0.1F, 123.4567F, -999.9996F, 0.0005F}) {
        const double q = std::floor((static_cast<double>(x) + 1000) / 0.001 + 0.5);
        EXPECT_EQ(outcome(field, x), taken(static_cast<float>(-1000 + q * 0.001)));
    }
    const Field wide = field_of("double (precision: \"0.1\")");
    EXPECT_EQ(outcome(wide, 0.34), taken(3 * 0.1));
}

TEST(Quantise, holds_steps_without_a_range_to_32_bits) {
    const Field field = field_of("float (precision: 1)");
    EXPECT_EQ(outcome(field, 3e9F), clamped(2147483647.0F));
    EXPECT_EQ(step_of(field, 3e9), 2147483647);
    EXPECT_EQ(step_of(field, -1e300), -2147483647);
    EXPECT_EQ(outcome(field_of("double (precision: \"0.001\")"), DBL_MAX), clamped(2147483647 * 0.001));
    EXPECT_TRUE(std::isfinite(outcome(field_of("double (precision: \"1e-300\")"), 1e300).value));
}

TEST(Quantise, clamps_a_float_with_a_range_and_no_precision) {
    const Field field = field_of("float (min: \"0.1\", max: 2)");
    EXPECT_EQ(outcome(field, 1.2345F), taken(1.2345F));
    EXPECT_EQ(outcome(field, 3.0F), clamped(2.0F));
    EXPECT_EQ(outcome(field, -3.0F), clamped(0.1F));
    EXPECT_EQ(outcome(field, 0.1F), taken(0.1F));
}

TEST(Quantise, wraps_angles_into_one_turn) {
    const Field degrees = field_of("float (angle, min: 0, max: 360, precision: 1)");
    EXPECT_EQ(outcome(degrees, 361.0F), taken(1.0F));
    EXPECT_EQ(outcome(degrees, -1.0F), taken(359.0F));
    EXPECT_EQ(outcome(degrees, 359.6F), taken(0.0F));  // the last step is the first
    EXPECT_EQ(outcome(degrees, 360.0F), taken(0.0F));
    EXPECT_EQ(outcome(degrees, 725.0F), taken(5.0F));
    const Field radians = field_of("float (angle)");
    EXPECT_EQ(outcome(radians, static_cast<float>(M_PI)), taken(-static_cast<float>(M_PI)));
    EXPECT_EQ(outcome(radians, 1.0F), taken(1.0F));
    EXPECT_EQ(outcome(radians, 1e30F).value, outcome(radians, outcome(radians, 1e30F).value).value);
}

TEST(Quantise, clamps_integers_to_their_range) {
    EXPECT_EQ(outcome(field_of("byte (min: -5, max: 5)"), std::int8_t{-128}), clamped(std::int8_t{-5}));
    EXPECT_EQ(outcome(field_of("ubyte (max: 200)"), std::uint8_t{255}), clamped(std::uint8_t{200}));
    EXPECT_EQ(outcome(field_of("ushort (min: 3)"), std::uint16_t{2}), clamped(std::uint16_t{3}));
    EXPECT_EQ(outcome(field_of("int (min: -5, max: 5)"), 5), taken(5));
    EXPECT_EQ(outcome(field_of("uint (max: \"4294967295\")"), 0xffffffffU), taken(0xffffffffU));
}

TEST(Quantise, keeps_the_ends_of_64_bit_integers) {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    EXPECT_EQ(outcome(field_of("long (min: 0)"), most), taken(most));
    EXPECT_EQ(outcome(field_of("long (min: 0)"), least), clamped(std::int64_t{0}));
    EXPECT_EQ(outcome(field_of("long (max: 0)"), least), taken(least));
    EXPECT_EQ(outcome(field_of("ulong (min: 5)"), ~std::uint64_t{0}), taken(~std::uint64_t{0}));
    EXPECT_EQ(outcome(field_of("long (max: \"9007199254740992\")"), most), clamped(std::int64_t{1} << 53));
}

TEST(Quantise, makes_bools_zero_or_one) {
    EXPECT_EQ(outcome(field_of("bool"), std::uint8_t{0}), taken(std::uint8_t{0}));
    EXPECT_EQ(outcome(field_of("bool"), std::uint8_t{1}), taken(std::uint8_t{1}));
    EXPECT_EQ(outcome(field_of("bool"), std::uint8_t{200}), clamped(std::uint8_t{1}));
}

// The SDK quantises, then the relay: both must see the same number.
TEST(Quantise, of_a_quantised_value_changes_nothing) {
    const char* types[] = {
        "float (precision: \"0.001\", min: -1000, max: 1000)",
        "float (precision: \"0.001\")",
        "float (angle)",
        "float (angle, precision: \"0.001\")",
        "float (angle, min: 0, max: 360, precision: \"0.1\")",
        "float (angle, min: 0, max: 360, precision: \"51.42857142857143\")",
        "float (angle, min: \"0.1\", max: \"6.3\")",
        "float (precision: \"0.0000001\", min: -100, max: 100)",
        "float (precision: \"0.3\", min: \"0.1\", max: 7)",
        "float (min: \"-0.1\", max: \"0.7\")",
    };
    for (const char* type : types) {
        const Field field = field_of(type);
        std::mt19937 random(1);
        for (int i = 0; i < 20'000; ++i) {
            const auto x = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
            const float near = static_cast<float>(random() % 4'000'000) / 1000 - 2000;
            for (float given : {x, near, near / 300}) {
                const auto once = outcome(field, given);
                if (!once.taken) continue;
                ASSERT_EQ(outcome(field, once.value), taken(once.value)) << type << ' ' << given;
            }
        }
    }
}

// tests/golden/quantise.py is a second implementation, written from PROTOCOL.md.
TEST(Quantise, agrees_with_the_golden_values) {
    std::ifstream file(GOLDEN_QUANTISE);
    std::string line;
    std::getline(file, line);
    std::size_t count = 0;
    for (unsigned flags = 0; file >> std::dec >> flags >> std::hex; ++count) {
        std::uint64_t precision = 0, min = 0, max = 0;
        std::uint32_t value = 0, expected = 0;
        ASSERT_TRUE(file >> precision >> min >> max >> value >> expected);
        Field field{.name = "x", .type = FieldType::Float32, .flags = static_cast<FieldFlags>(flags)};
        field.precision = std::bit_cast<double>(precision);
        field.min = std::bit_cast<double>(min);
        field.max = std::bit_cast<double>(max);
        const auto given = std::bit_cast<float>(value);
        EXPECT_EQ(std::bit_cast<std::uint32_t>(outcome(field, given).value), expected) << "line " << count + 2;
    }
    EXPECT_GT(count, 400u);
}

TEST(Quantise, gives_the_value_of_its_own_step) {
    const Field field = field_of("float (precision: \"0.001\", min: -1000, max: 1000)");
    EXPECT_EQ(step_of(field, -1000), 0);
    EXPECT_EQ(step_of(field, 1e9), 2'000'000);
    for (float x : {0.1F, 7.7777F, 999.999F}) {
        EXPECT_EQ(static_cast<float>(value_at(field, step_of(field, x))), outcome(field, x).value);
    }
}

std::vector<std::byte> packed(std::initializer_list<float> values, std::uint8_t last) {
    std::vector<std::byte> bytes(values.size() * 4 + 1);
    std::memcpy(bytes.data(), std::data(values), values.size() * 4);
    bytes.back() = std::byte{last};
    return bytes;
}

TEST(QuantisePacked, goes_through_the_masked_fields_and_counts) {
    const auto layout =
        test::layout_of("struct S { skip: double; a: float (precision: 1); b: float (max: 2); c: ubyte (max: 9); }");
    const Component& component = layout->component(first_schema_component);
    auto bytes = packed({1.6F, 5.0F}, 200);
    std::uint32_t count = 7;
    ASSERT_TRUE(quantise_packed(component, 0b1110, bytes, count));
    EXPECT_EQ(bytes, packed({2.0F, 2.0F}, 9));
    EXPECT_EQ(count, 9u);
    bytes = packed({1.6F, infinity}, 200);
    EXPECT_FALSE(quantise_packed(component, 0b1110, bytes, count));
}

TEST(QuantisePacked, does_not_touch_what_takes_any_bytes) {
    const auto layout = test::layout_of("struct S { a: int; b: ulong; c: float; }");
    std::vector<std::byte> bytes(12, std::byte{0xff});
    const auto before = bytes;
    std::uint32_t count = 0;
    EXPECT_TRUE(quantise_packed(layout->component(first_schema_component), 0b011, bytes, count));
    EXPECT_EQ(bytes, before);
    EXPECT_EQ(count, 0u);
}

std::vector<float> floats(std::span<const std::byte> bytes) {
    std::vector<float> values(bytes.size() / 4);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}

TEST(QuantisePacked, takes_quaternions_by_fours) {
    const auto layout = test::layout_of("struct S { a: float; q: [float:4] (quat, precision: \"0.1\"); b: float (precision: 1); }");
    const Component& component = layout->component(first_schema_component);
    const std::vector<float> given = {0, 0, -0.62F, -0.8F, 7.6F};
    std::vector<std::byte> bytes(20);
    std::memcpy(bytes.data(), given.data(), 20);
    std::uint32_t count = 0;
    ASSERT_TRUE(quantise_packed(component, 0b111110, bytes, count));
    EXPECT_EQ(floats(bytes), (std::vector<float>{0, 0, static_cast<float>(6 * 0.1), static_cast<float>(std::sqrt(1 - 6 * 0.1 * (6 * 0.1))), 8}));
    EXPECT_EQ(count, 0u);
    std::memcpy(bytes.data() + 12, &infinity, 4);
    EXPECT_FALSE(quantise_packed(component, 0b111110, bytes, count));
}

TEST(QuantisePacked, completes_a_quaternion_from_what_is_there) {
    const auto layout = test::layout_of("struct S { a: float; q: [float:4] (quat); r: [float:4] (quat); }");
    const Component& component = layout->component(first_schema_component);
    const std::vector<float> present = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    std::vector<std::byte> to(36);
    const auto part = [](const std::vector<float>& values) { return std::as_bytes(std::span(values)); };
    EXPECT_EQ(with_whole_quats(component, 0b000001001, part({10, 40}), part(present), to), 0b000011111u);
    EXPECT_EQ(floats(std::span(to).first(20)), (std::vector<float>{10, 2, 3, 40, 5}));
    EXPECT_EQ(with_whole_quats(component, 0b000101000, part({40, 60}), {}, to), 0b111111110u);
    EXPECT_EQ(floats(std::span(to).first(32)), (std::vector<float>{0, 0, 40, 1, 60, 0, 0, 1}));
    EXPECT_EQ(with_whole_quats(component, 0b000000001, part({10}), part(present), to), 1u);
    EXPECT_EQ(floats(std::span(to).first(4)), (std::vector<float>{10}));
}

}  // namespace
}  // namespace tickrelay
