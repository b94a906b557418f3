// The rounding itself is the relay's (schema/state), and tested there.
#include "quantise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace tickrelay::test {
namespace {

Component angles() {
  Component component{.name = "test.Angles", .bytes = 12, .fields = {}};
  for (const char* name : {"a", "b", "c"}) {
    Field& field = component.fields.emplace_back();
    field.name = name;
    field.type = FieldType::Float32;
    field.offset = static_cast<std::uint16_t>(4 * (component.fields.size() - 1));
    field.flags = FieldFlags::Quantised;
    field.precision = 0.25;
  }
  return component;
}

TEST(Quantise, RoundsTheMaskedFieldsInPlace) {
  float values[] = {0.3f, 0.3f, -0.3f};
  std::string field;
  ASSERT_TRUE(quantise(angles(), 0b101, reinterpret_cast<std::uint8_t*>(values), field));
  EXPECT_EQ(values[0], 0.25f);
  EXPECT_EQ(values[1], 0.3f);
  EXPECT_EQ(values[2], -0.25f);
}

TEST(Quantise, NamesTheFieldThatIsNoNumber) {
  float values[] = {0.f, NAN, INFINITY};
  std::string field;
  EXPECT_TRUE(quantise(angles(), 0b001, reinterpret_cast<std::uint8_t*>(values), field));
  EXPECT_FALSE(quantise(angles(), 0b110, reinterpret_cast<std::uint8_t*>(values), field));
  EXPECT_EQ(field, "b");
  EXPECT_FALSE(quantise(angles(), 0b100, reinterpret_cast<std::uint8_t*>(values), field));
  EXPECT_EQ(field, "c");
}

}  // namespace
}  // namespace tickrelay::test
