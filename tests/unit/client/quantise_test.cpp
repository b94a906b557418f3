#include "quantise.h"

#include <cmath>
#include <limits>

#include "relay_bytes.h"

namespace tickrelay::test {
namespace {

Field field_of(wire::FieldType type) {
  Field field;
  field.name = "x";
  field.type = type;
  field.width = width_of(type);
  return field;
}

template <class T>
bool round(const Field& field, T& value) {
  Component component;
  component.bytes = field.width;
  component.fields = {field};
  std::string which;
  return quantise(component, 1, reinterpret_cast<std::uint8_t*>(&value), which);
}

TEST(Quantise, StepsCountFromMin) {
  Field field = field_of(wire::FieldType::Float32);
  field.quantised = field.ranged = true;
  field.precision = 0.25;
  field.min = -1.1;
  field.max = 10;
  float value = 0.3f;
  ASSERT_TRUE(round(field, value));
  EXPECT_EQ(value, static_cast<float>(-1.1 + 6 * 0.25));
}

TEST(Quantise, ARangeHolds) {
  Field field = field_of(wire::FieldType::Float32);
  field.ranged = true;
  field.min = -1;
  field.max = 1;
  float value = 7;
  ASSERT_TRUE(round(field, value));
  EXPECT_EQ(value, 1.f);
}

TEST(Quantise, AnAngleWraps) {
  Field field = field_of(wire::FieldType::Float32);
  field.ranged = field.angle = true;
  field.min = 0;
  field.max = 360;
  for (const auto& [given, wanted] : {std::pair{-90.f, 270.f}, {360.f, 0.f}, {725.f, 5.f}, {10.f, 10.f}}) {
    float value = given;
    ASSERT_TRUE(round(field, value));
    EXPECT_EQ(value, wanted) << given;
  }
  field.quantised = true;
  field.precision = 1;
  float value = 359.7f;
  ASSERT_TRUE(round(field, value));
  EXPECT_EQ(value, 0.f) << "the last step is the first";
}

TEST(Quantise, NumbersThatAreNoneAreRefused) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    float value = bad;
    EXPECT_FALSE(round(field_of(wire::FieldType::Float32), value));
  }
}

TEST(Quantise, WithoutARangeStepsAreBounded) {
  Field field = field_of(wire::FieldType::Float64);
  field.quantised = true;
  field.precision = 0.5;
  double value = 1e300;
  ASSERT_TRUE(round(field, value));
  EXPECT_EQ(value, 2147483647 * 0.5);
}

TEST(Quantise, IntegersAreHeldWithoutOverflow) {
  Field field = field_of(wire::FieldType::UInt64);
  field.ranged = true;
  field.min = 10;
  field.max = 1.8446744073709552e19;
  std::uint64_t value = 3;
  ASSERT_TRUE(round(field, value));
  EXPECT_EQ(value, 10u);
  value = UINT64_MAX;
  ASSERT_TRUE(round(field, value));
  EXPECT_EQ(value, UINT64_MAX);
}

TEST(Quantise, ABoolIsOneOrZero) {
  std::uint8_t value = 7;
  ASSERT_TRUE(round(field_of(wire::FieldType::Bool), value));
  EXPECT_EQ(value, 1);
}

TEST(Quantise, RoundingTwiceChangesNothing) {
  const Component component = layout()->component(transform);
  std::string which;
  for (int i = 0; i < 10'000; ++i) {
    const float x = static_cast<float>(i) * 0.1234567f - 600.f;
    Buffer once = packed(x, x * 2, -x, x / 100);
    ASSERT_TRUE(quantise(component, 15, once.data(), which));
    Buffer twice = once;
    ASSERT_TRUE(quantise(component, 15, twice.data(), which));
    ASSERT_EQ(once, twice) << x;
  }
}

}  // namespace
}  // namespace tickrelay::test
